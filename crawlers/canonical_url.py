"""One spelling for the many addresses of one page."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_TRACKING = re.compile(
    r"(?:utm_\w+|spm(?:_id_from)?|scm|from|share\w*|_?ga|gclid|fbclid|msclkid|mc_[ce]id|isappinstalled|"
    r"wfr|nsukey|timestamp|timestampms|weibo_id|vd_source|pass_ticket|scene|clicktime|enterid|"
    r"hmsr|hmpl|hmcu|hmkw|hmci|tdsourcetag|s_trans|chksm|_t|_r)",
    re.IGNORECASE,
)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Characters that need no escape in a path or that already escape something.
_PATH_SAFE = "/:@!$&'()*+,;=~%-._"


def canonical_url(url: str) -> str:
    """Drop fragment, default port and tracking parameters, and lower-case what is case-insensitive.

    Other parameters keep their order: on some sites it matters. Applying it twice changes nothing.
    Raises ValueError for what is no address.
    """
    url = url.strip()
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        return url
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS[scheme])
    if not host:
        raise ValueError(f"no host in {url!r}")
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
        if not _TRACKING.fullmatch(name)
    ]
    query = parts.query
    if query and len(kept) != len(parse_qsl(query, keep_blank_values=True)):
        query = urlencode(kept, errors="surrogateescape")
    return urlunsplit((scheme, host, quote(parts.path, safe=_PATH_SAFE) or "/", query, ""))
