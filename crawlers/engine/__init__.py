"""One continuously running Scrapy process: guards, fetching and the loop over due work."""
