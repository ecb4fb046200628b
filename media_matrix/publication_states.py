"""What the states of a publication mean to people."""

from __future__ import annotations

from core.database.models.media import Publication, PublicationState
from media_matrix.platform_codes import Explanation, explain_reason

STATE_LABELS = {
    PublicationState.SCHEDULED: "已定时",
    PublicationState.SENDING: "发布中",
    PublicationState.ACCEPTED: "平台处理中",
    PublicationState.PUBLISHED: "已发布",
    PublicationState.UNKNOWN: "结果未知",
    PublicationState.FAILED_RETRYABLE: "未发出，稍后再试",
    PublicationState.FAILED_FINAL: "发布失败",
    PublicationState.MISSED: "错过时间",
    PublicationState.NEEDS_HUMAN: "等人处理",
    PublicationState.HELD: "静默中留下",
    PublicationState.WITHDRAWN: "已撤回",
    PublicationState.TAKEN_DOWN: "被平台下架",
    PublicationState.CANCELLED: "已取消",
}

# States in which nothing of ours is out there and nothing is under way.
IDLE = frozenset({
    PublicationState.SCHEDULED,
    PublicationState.HELD,
    PublicationState.MISSED,
    PublicationState.FAILED_RETRYABLE,
    PublicationState.FAILED_FINAL,
})  # fmt: skip
# States that a worker moves on from by itself.
WORKING = frozenset({
    PublicationState.SCHEDULED,
    PublicationState.SENDING,
    PublicationState.ACCEPTED,
    PublicationState.UNKNOWN,
    PublicationState.FAILED_RETRYABLE,
})  # fmt: skip
# The post is or may be on the platform, or will be.
LIVE = frozenset({*WORKING, PublicationState.PUBLISHED, PublicationState.NEEDS_HUMAN})

_PLAIN = {
    PublicationState.SCHEDULED: Explanation("已排期。", "到点由系统发布。", "您不用做什么。"),
    PublicationState.SENDING: Explanation("正在提交给平台。", "还没有结果。", "请稍等。"),
    PublicationState.ACCEPTED: Explanation(
        "平台已收下。", "平台还在处理，系统会继续查询。", "请稍等。"
    ),
    PublicationState.PUBLISHED: Explanation("已发布。", "读者可以看到。", "您不用做什么。"),
    PublicationState.WITHDRAWN: Explanation("已撤回。", "读者看不到了。", "您不用做什么。"),
    PublicationState.CANCELLED: Explanation("已取消。", "没有发出。", "需要的话请重新排期。"),
}
_UNEXPLAINED = Explanation("状态已改变。", "没有记录原因。", "请查看发布记录。")


def explain(publication: Publication) -> Explanation:
    """发生了什么、现在什么状态、您要做什么."""
    given = explain_reason(publication.state_reason)
    if given is not None:
        return given
    return _PLAIN.get(PublicationState(publication.state), _UNEXPLAINED)


def state_label(state: str) -> str:
    return STATE_LABELS[PublicationState(state)]
