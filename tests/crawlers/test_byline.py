"""Every page here is our own; what it stands for is the way in which sites name their authors."""

import pytest

from tests.crawlers.article_page import CLOSING, OPENING, article_page, facts_of


@pytest.mark.parametrize(
    ("below", "author"),
    [
        ("<p>作者：王小满</p>", "王小满"),
        ("<p>作 者: 王小满 编辑：李四方</p>", "王小满"),
        ("<p>2026-11-20 08:15来源：河湾日报作者：王小满</p>", "王小满"),
        ("<p>作者：</p><p>2026-11-20 08:15</p>", None),
        ("<p>文/王小满 图/李四方</p>", "王小满"),
        ("<p>文｜王小满 赵大河</p>", "王小满 赵大河"),
        ("<p>本报记者 王乐乐 方 敏</p>", "王乐乐 方敏"),
        ("<p>河湾日报全媒体记者 王小满 通讯员 赵大河</p>", "王小满 赵大河"),
        ("<p>执笔/小河姐、胡同刀&amp;渡口人</p>", "小河姐 胡同刀 渡口人"),
        ("<p>作者：河边的柳树</p>", "河边的柳树"),
        ("<p>来源：本站原创 作者：医技党支部 时间：2026年10月31日</p>", "医技党支部"),
        ("<div>作者</div><div>王小满</div>", "王小满"),
        ("<p>作者：未知 责任编辑：赵大河</p>", "赵大河"),
        ("<p>作者：河湾社 王小满</p>", "王小满"),
        ("<p>□ 王小满</p>", "王小满"),
        ("<p>王小满 方 敏</p>", "王小满 方敏"),
        ("<p>方正</p>", None),
        ("<p>工友老李</p><p>中级会员</p><p>帖子: 120</p><p>注册: 2004-5-6</p>", "工友老李"),
        ("<p>[ 河边柳 ] 于2026-08-12 16:12:21上贴</p>", "河边柳"),
        ("<p>发信人: riverboy (大河), 信区: Work</p>", "riverboy"),
        ("<p>来源：河湾日报 2026-11-20</p>", None),
        ("<p>记者：王小满 实习生：方敏</p>", "王小满 方敏"),
        ("<p>文/图：王小满</p>", "王小满"),
        ("<p>文、图／王小满</p>", "王小满"),
        ("<p>王小满 文/摄</p>", "王小满"),
        ("<p>王小满（河湾大学教授）</p>", "王小满"),
        ("<p>作者：Mary Smith 译者：王小满 来源：medium</p>", "Mary Smith"),
        ("<p>作者：《河湾周刊》记者 王小满</p>", "王小满"),
        ("<p>作者：青岚区总工会办公室 王小满</p>", "王小满"),
        ("<p>快訊／溫小滿 2026年11月20日 08:19:00</p>", "溫小滿"),
        ("<p>作者：</p><p>2026年11月20日青岚区</p>", None),
        ("<p>作者：小编</p>", None),
        ("<p>责任编辑：news</p>", None),
        ("<p class='author'>趣站 2周前 1 6.3K</p>", None),
        ("<p>通行证 <a class='userQuit' href='#'>退出</a></p>", None),
        ("<p><a href='/bbs/1'>河边柳</a> 发表于 昨天 08:30</p>", "河边柳"),
        ("<p>来自: <a href='/people/river/'>river.S</a> 2026-11-20 08:30:11</p>", "river.S"),
    ],
)
def test_authors_beside_the_headline(below: str, author: str | None) -> None:
    assert facts_of(article_page(below=below)).author == author


@pytest.mark.parametrize(
    ("start", "author"),
    [
        ("本报讯（记者王小满）", "王小满"),
        ("本报讯 （实习记者 樊小亮 张明明 记者惠小禾）", "樊小亮 张明明 惠小禾"),
        ("新华社河湾11月20日电（记者戴小河、印小朋）", "戴小河 印小朋"),
        ("新华社河湾11月20日电（刘小艺、杨小吉）", "刘小艺 杨小吉"),
        ("河湾网11月20日讯（记者陈小智 整合） ", "陈小智"),
        ("据河湾社电（记者 格桑边觉）", "格桑边觉"),
        ("【环球记者 郭小丹】", "郭小丹"),
        ("河湾日报讯 记者王小满 通讯员赵大河报道：", "王小满 赵大河"),
        ("（中央社記者溫小香台北21日電）", "溫小香"),
        ("〔記者賴小滿／台北報導〕", "賴小滿"),
        ("记者近日获悉，", None),
        ("", None),
    ],
)
def test_reporters_at_the_start_of_the_text(start: str, author: str | None) -> None:
    page = article_page(opening=start + OPENING)
    text = f"{start}{OPENING}"
    assert facts_of(page, text=text + "\n" + CLOSING).author == author


@pytest.mark.parametrize(
    ("end", "author"),
    [
        ("（总台记者 张小倩）", "张小倩"),
        ("（常小香 马小阳 ）", "常小香 马小阳"),
        ("(文/图 刘小东 易小楠)", "刘小东 易小楠"),
        ("（编译/林小东）", "林小东"),
        ("（青岚区发展和改革局）", "青岚区发展和改革局"),
        ("（来源：河湾日报 作者：王小满）", "王小满"),
        ("（作者王小满系河湾大学教授）", "王小满"),
        ("（作者系河湾大学教授）", None),
        ("（作者：王敏北京大学经济学院教授）", "王敏"),
        ("（记者 王小满 编辑 李四方）", "王小满"),
        ("</p><p>（唐风）", "唐风"),
        ("（图片由受访者提供）", None),
        ("（记者 王小满 摄）", None),
    ],
)
def test_names_that_close_the_text(end: str, author: str | None) -> None:
    page = article_page(closing=CLOSING + end)
    assert facts_of(page).author == author


@pytest.mark.parametrize(
    ("after", "author"),
    [
        ("<p>记者 刘小涛</p>", "刘小涛"),
        ("<p>河湾报记者 彭小冲 山东冠县报道</p>", "彭小冲"),
        ("<p>□ 本报记者 葛小丹</p><p>(责编：萧小潇、张小妍)</p>", "葛小丹"),
        ("<p>(责编：郝小帅、杨小迪)</p>", "郝小帅 杨小迪"),
        ("<p>责任编辑：史小磊_NBJ11331</p>", "史小磊"),
        ("<p>记者丨王小满 编辑丨李四方</p>", "王小满"),
        ("<p>编辑：李四方 记者：王小满</p>", "王小满"),
        ("<p>作者：王小满 原文链接：http://news.example/b</p>", "王小满"),
        ("<p>来源：河湾日报 编辑：苏小亮</p>", "苏小亮"),
        ("<p>供稿：青岚区总工会办公室</p><p>编辑：苏小亮</p>", "青岚区总工会办公室"),
        ("<p>责任编辑： HN666</p>", None),
        ("<p>（责任编辑：系统管理员）</p>", None),
        ("<p>本贴由大卫于2026年8月12日16:12:21在〖工友之家〗发表.</p>", "大卫"),
        ("<p>作者:riverboy 阅读(1660) 评论(5) 编辑 发表于:2026-07-31 12:30</p>", "riverboy"),
        ("<p>〓 工友之家 发布时间 2026/05/17 22:11:42 by 眉毛 〓</p>", "眉毛"),
        ("<p>posted @ 2026-05-17 22:11 老李的自行车 阅读(26)</p>", "老李的自行车"),
    ],
)
def test_authors_behind_the_text(after: str, author: str | None) -> None:
    assert facts_of(article_page(after=after)).author == author


def test_a_comment_below_is_by_nobody_who_wrote_the_article() -> None:
    page = article_page(
        below="<p>2026-05-06 10:20:00</p>",
        after="<p>小王 发表于 2026-05-07 11:00</p><p>说得好</p>",
    )
    assert facts_of(page).author is None


def test_an_account_is_the_author_where_nobody_signs() -> None:
    page = article_page(below='<span class="author-name">河湾快讯</span><em>2026-11-20 08:15</em>')
    assert facts_of(page).author == "河湾快讯"


def test_a_short_first_paragraph_names_its_reporter() -> None:
    first = "本报讯（记者王小满）走访今天开始。</p><p>"
    page = article_page(opening=first + OPENING)
    text = f"本报讯（记者王小满）走访今天开始。\n{OPENING}\n{CLOSING}"
    assert facts_of(page, text=text).author == "王小满"


def test_a_reporter_goes_before_the_account_and_the_editor() -> None:
    page = article_page(
        below='<span class="author-name">河湾快讯</span>',
        after="<p>河湾报记者 王小满</p><p>责任编辑：李四方</p>",
    )
    assert facts_of(page).author == "王小满"


def test_the_declared_author_is_only_an_editor_where_the_page_says_so() -> None:
    page = article_page(
        head='<meta name="author" content="李小楠">',
        opening=f"本报讯（记者王小满）{OPENING}",
        after="<p>编辑:李小楠</p>",
    )
    assert facts_of(page, text=f"本报讯（记者王小满）{OPENING}\n{CLOSING}").author == "王小满"


@pytest.mark.parametrize(
    "named", ["105464", "河湾新闻网", "Discuz! Team", "name, email@example.com"]
)
def test_what_is_no_person_is_not_taken_from_the_head(named: str) -> None:
    page = article_page(head=f'<meta name="author" content="{named}">')
    assert facts_of(page).author is None


def test_an_editor_put_in_the_authors_place_gives_way_to_whom_the_text_names() -> None:
    put = "<p>2026-11-20 08:15 作者：李四方 责任编辑：李四方</p>"
    assert facts_of(article_page(below=put)).author == "李四方"
    signed = article_page(below=put, closing=CLOSING + "（作者：王小满）")
    assert facts_of(signed).author == "王小满"


def test_an_office_signs_its_notice_above_the_date() -> None:
    closing = CLOSING + "</p><p>青岚区人民政府</p><p>2026年1月27日"
    page = article_page(closing=closing)
    facts = facts_of(page, text=f"{OPENING}\n{CLOSING}\n青岚区人民政府\n2026年1月27日")
    assert facts.author == "青岚区人民政府"
    assert facts.is_day_only


def test_a_blog_belongs_to_whom_its_title_names() -> None:
    page = article_page(title="青岚区总工会走访三个工地_老李的博客_河湾博客")
    assert facts_of(page).author == "老李"
