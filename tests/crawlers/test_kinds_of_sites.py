"""Layouts of papers, offices, forums and blogs of twenty years, each with our own text."""

import datetime as dt

import pytest

from core.clock import SHANGHAI
from crawlers.extraction.article import extract
from tests.crawlers.article_page import CLOSING, HEADLINE, MIDDLE, NOW, OPENING

BODY = "".join(f"<p>　　{paragraph}</p>" for paragraph in (OPENING, MIDDLE, CLOSING))
REPLY = "<p>顶一下楼主，说得很好，希望大家都能看到这个帖子。</p>"
KINDS = {
    "printed paper": (
        (
            "<title>河湾日报</title><table><tr><td>2022年02月13日 星期日</td></tr><tr><td>上一版</td></tr></table>"
            f"<table><tr><td>青岚区</td></tr><tr><td><strong>{HEADLINE}</strong></td></tr>"
            "<tr><td>——让工资按时到手</td></tr><tr><td>本报记者 王小满 通讯员 赵大河</td></tr></table>"
            f"<div id=ozoom>{BODY}</div>"
        ),
        "王小满 赵大河",
        "2022-02-13",
    ),
    "paper with the author beside the day": (
        (
            f"<title>{HEADLINE}_河湾晚报</title><h4>青岚区：</h4><h1>{HEADLINE}</h1>"
            f"<p>河湾晚报 2022年02月13日 王小满</p>{BODY}"
        ),
        "王小满",
        "2022-02-13",
    ),
    "office": (
        (
            f'<title>{HEADLINE}_河湾市人民政府</title><meta name="PubDate" content="2022-01-28 10:00"><h1>{HEADLINE}</h1>'
            f"<p>发布时间：2022-01-28 10:00 信息来源：市人社局 浏览次数：12</p>{BODY}"
            "<p>河湾市人力资源和社会保障局</p><p>2022年1月27日</p>"
        ),
        "河湾市人力资源和社会保障局",
        "2022-01-28 10:00",
    ),
    "school": (
        (
            f"<title>{HEADLINE}-河湾大学工会</title><h3>{HEADLINE}</h3>"
            f"<p>发布者：王小满 发布时间：2022-02-13 浏览次数：120</p>{BODY}<p>（供稿：校工会 审核：李四方）</p>"
        ),
        "王小满",
        "2022-02-13",
    ),
    "small editing system": (
        (
            f"<title>{HEADLINE}-河湾工会网</title><div>您现在的位置： 首页 >> 新闻 >> 正文</div><b>{HEADLINE}</b>"
            f"<p>作者：佚名 文章来源：本站原创 点击数：30 更新时间：2005-8-12 【字体：小 大】</p>{BODY}"
            "<p>文章录入：admin 责任编辑：admin</p>"
        ),
        None,
        "2005-08-12",
    ),
    "forum with ranks": (
        (
            f"<title>{HEADLINE} - 工友之家 - 河湾论坛</title><table><tr><td>老李头</td></tr><tr><td>级别: 侠客</td></tr>"
            f"<tr><td>发帖: 120</td></tr></table><b>{HEADLINE}</b><div>楼主 | 发表于: 2008-05-06 10:20</div><div>{BODY}</div>"
            f"<div>1楼 发表于: 2008-05-07 11:00</div><div>{REPLY}</div>"
        ),
        "老李头",
        "2008-05-06 10:20",
    ),
    "forum with classes": (
        (
            f"<title>{HEADLINE} - 工友之家 - 河湾论坛</title><h1>{HEADLINE}</h1><table><tr><td class=postauthor><cite><a>老李头</a>"
            "</cite><p>中级会员</p><dl><dt>注册时间</dt><dd>2006-5-6</dd></dl></td><td><div class=postinfo>1# 发表于 2008-5-6 10:20 "
            f"只看该作者</div><div>{BODY}</div></td></tr></table><table><tr><td class=postauthor><cite><a>小王</a></cite></td><td>"
            f"<div class=postinfo>发表于 2008-5-7 11:20</div><div>{REPLY}</div></td></tr></table>"
        ),
        "老李头",
        "2008-05-06 10:20",
    ),
    "forum with one line of facts": (
        (
            f"<title>{HEADLINE}_天南杂谈_天南社区</title><h1>[工友]{HEADLINE}</h1><p>作者：河边柳　提交日期：2008-5-6 10:20:00</p>"
            f"<div>{BODY}</div><p>作者：小王 回复日期：2008-5-7 11:20:00</p>{REPLY}"
        ),
        "河边柳",
        "2008-05-06 10:20",
    ),
    "board with brackets": (
        (
            f"<title>工友论坛</title><p>主题：{HEADLINE}</p><p>[ 河边柳 ] 于2005-08-12 16:12:21上贴</p><div>{BODY}</div>"
            "<p>跟帖：说得好 [ 小王 ] 于2005-08-13 10:12:21上贴</p>"
        ),
        "河边柳",
        "2005-08-12 16:12",
    ),
    "board of a terminal": (
        (
            f"<title>河湾站</title><pre>发信人: riverboy (大河), 信区: Work\n标  题: {HEADLINE}\n发信站: 河湾站 (Fri Aug 12 16:12:21 2005)"
            f", 站内\n\n{OPENING}\n{MIDDLE}\n{CLOSING}\n--\n</pre>"
        ),
        "riverboy",
        "2005-08-12 16:12",
    ),
    "blog with a line below": (
        (
            f"<title>老李的笔记</title><h2><a href=/1>{HEADLINE}</a></h2>{BODY}"
            "<p>posted on 2005年8月12日 16:12 by 老李 | 评论(3) | 编辑</p><h2><a href=/2>另一篇文章</a></h2>"
        ),
        "老李",
        "2005-08-12 16:12",
    ),
    "blog with the owner in the title": (
        (
            f"<title>{HEADLINE}_老李_新浪博客</title><h2 class='titName'>{HEADLINE}</h2><span class='time'>(2010-05-06 10:20:30)</span>"
            f"<div>标签： 工资 工会</div><div>{BODY}</div>"
        ),
        "老李",
        "2010-05-06 10:20",
    ),
    "blog with an entry's head": (
        (
            f"<title>{HEADLINE} | 河边笔记</title><h1 class='entry-title'>{HEADLINE}</h1><div class='entry-meta'>Posted on <a href=#>"
            "<time datetime='2013-05-06T10:20:30+08:00'>2013 年 5 月 6 日</time></a><span class='by-author'> by <span "
            f"class='author vcard'><a class='url fn n'>老李头</a></span></span></div><div>{BODY}</div>"
        ),
        "老李头",
        "2013-05-06 10:20",
    ),
    "news in spans side by side": (
        (
            f"<title>{HEADLINE}_时政_河水新闻-The River</title><h1 class='index_title__B8'>{HEADLINE}</h1><div>河水新闻记者 王小满"
            "</div><div><span>2023-03-09 18:14</span></div><div>来源：<span>河水新闻</span></div><div>∙</div><div>时政 ></div>"
            f"<div class='index_content__J8'>{BODY}</div><div>责任编辑：钱小多</div><div>图片编辑：孙小美</div>"
        ),
        "王小满",
        "2023-03-09 18:14",
    ),
    "news with hidden marks": (
        (
            f"<title>{HEADLINE}_资讯_河湾网</title><h1>{HEADLINE}</h1><p><span itemprop='datePublished'>2014年05月06日 07:05</span><br>"
            "来源：<span><a>河湾晚报</a></span> <span itemprop='author' style='display:none'><span>王小满</span></span></p>"
            f"<div>{BODY}</div><p>[责任编辑：赵大河]</p>"
        ),
        "王小满",
        "2014-05-06 07:05",
    ),
    "account on a platform": (
        (
            f"<title>{HEADLINE}</title><h2>{HEADLINE}</h2><p class='author-name'>河湾快讯</p><div><span class='date'>发布时间：20-03-09"
            f"</span><span class='time'>18:14</span><span>优质创作者</span></div><div>{BODY}</div>"
            "<h2>作者最新文章</h2><a href='/1'>另一篇的标题很长</a><span>03-08 12:12</span>"
        ),
        "河湾快讯",
        "2020-03-09 18:14",
    ),
    "agency": (
        (
            f"<title>{HEADLINE}-中新网</title><h1>{HEADLINE}</h1><div>2020年03月09日 18:14　来源：<a>中国新闻网</a> <a>参与互动</a></div>"
            f"<div><p>　　中新网河湾3月9日电 (记者 王小满){OPENING}</p><p>{MIDDLE}</p><p>{CLOSING}(完)</p></div>"
            "<div>【编辑:钱小多】</div>"
        ),
        "王小满",
        "2020-03-09 18:14",
    ),
    "column of an expert": (
        (
            f"<title>{HEADLINE}</title><h3>{HEADLINE}</h3><div class='author-intro fix'><span>王小满</span><p>河湾大学教授</p></div>"
            f"<div class='time fix'><span>2019-09-07 15:10:53</span><span>字号：A- A A+</span></div><div>{BODY}</div>"
            "<ul><li>责任编辑:&nbsp;刘小响</li></ul>"
        ),
        "王小满",
        "2019-09-07 15:10",
    ),
    "page without any head": (
        (
            f"<center><font size=5><b>{HEADLINE}</b></font><br><br>王小满<br></center>{BODY}"
            "<p align=right>（选自《河湾文学》2004年第5期）</p>"
        ),
        "王小满",
        None,
    ),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_facts_are_found_where_this_kind_of_site_sets_them(kind: str) -> None:
    page, author, time = KINDS[kind]
    article = extract(f"<html><body>{page}</body></html>".encode(), "", now=NOW)
    assert article.title == HEADLINE
    assert article.author == author
    assert _shown(article.published_at, is_day_only=article.is_day_only) == time


def _shown(at: dt.datetime | None, *, is_day_only: bool) -> str | None:
    if at is None:
        return None
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d" if is_day_only else "%Y-%m-%d %H:%M")
