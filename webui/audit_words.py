"""What audit entries say in Chinese; a code that is not listed shows itself."""

from __future__ import annotations

from collections.abc import Mapping

ACTIONS: Mapping[str, str] = {
    "login": "登录",
    "logout": "退出",
    "setup": "开通",
    "user.create": "新建用户",
    "user.edit": "修改用户",
    "user.enable": "启用用户",
    "user.disable": "停用用户",
    "user.reset_password": "重置密码",
    "user.change_password": "更换密码",
    "user.enable_second_factor": "开启两步验证",
    "user.disable_second_factor": "关闭两步验证",
    "user.renew_recovery_codes": "更换恢复码",
    "user.end_session": "结束登录",
    "user.create_token": "建立令牌",
    "user.revoke_token": "撤销令牌",
    "organisation.create": "新建组织",
    "organisation.edit": "修改组织",
    "document.read": "阅读原文",
    "event.merged": "并入别的事件",
    "event.took_in": "并入了事件",
    "event.split": "拆出事件",
    "event.split_off": "从事件拆出",
    "event.undone": "撤销合并或拆分",
    "event.assigned": "指派事件",
    "event.silenced": "静默事件",
    "event.silence_ended": "解除事件静默",
    "event.renamed": "事件改名",
    "event.closed": "办结事件",
    "event.reopened": "重新打开事件",
    "event.noted": "批注事件",
    "document.correct": "更正标注",
    "document.correction_undone": "撤销更正",
    "document.feedback_exported": "导出更正过的信息",
    "model.use": "更换模型",
    "export.requested": "申请导出",
    "export.approved": "批准导出",
    "export.refused": "不批准导出",
    "export.taken": "下载导出文件",
    "standing_topic.created": "建立专题",
    "standing_topic.edited": "修改专题",
    "standing_topic.archived": "归档专题",
    "standing_topic.restored": "恢复专题",
    "standing_topic.subscribed": "订阅专题",
    "standing_topic.unsubscribed": "退订专题",
    "synonym_group.created": "新建同义词组",
    "synonym_group.edited": "修改同义词组",
    "synonym_group.deleted": "删除同义词组",
    "rule_created": "新建规则",
    "rule_edited": "修改规则",
    "rule_enabled": "启用规则",
    "rule_disabled": "停用规则",
    "shift_created": "排班",
    "shift_replaced": "换班",
    "shift_cancelled": "取消班次",
    "handover_signed": "交班",
    "handover_accepted": "接班",
    "channel_saved": "保存通知渠道",
    "channel_enabled": "启用通知渠道",
    "channel_disabled": "停用通知渠道",
    "channel_tested": "测试通知渠道",
    "delivery_cleared": "清除未送达通知",
    "delivery_revived": "重发通知",
    "source.created": "新建数据源",
    "source.edited": "修改数据源",
    "source.paused": "暂停数据源",
    "source.resumed": "恢复数据源",
    "source.visit_now": "立即抓取",
    "source.imported": "导入文件",
    "retention.deleted": "到期删除",
    "account_created": "新建发布账号",
    "account_changed": "修改发布账号",
    "account_checked": "检测发布账号",
    "account_enabled": "启用发布账号",
    "account_disabled": "停用发布账号",
    "account_frozen": "静默发布账号",
    "account_unfreeze_requested": "申请解除静默",
    "account_unfrozen": "解除静默",
    "silence_created": "开始静默",
    "silence_ended": "结束静默",
    "draft_created": "新建稿件",
    "draft_edited": "修改稿件",
    "draft_submitted": "送审",
    "draft_recalled": "撤回送审",
    "draft_approved": "审校通过",
    "draft_returned": "退回稿件",
    "draft_archived": "归档稿件",
    "review_chain_changed": "修改审校流程",
    "publication_scheduled": "排期发布",
    "publication_rescheduled": "改期",
    "publication_cancelled": "取消发布",
    "publication_check_requested": "到平台核对",
    "publication_settled": "人工确认发布结果",
    "publication_retried": "重发",
    "publication_withdrawn": "撤回发布",
    "calendar_days_set": "录入放假安排",
    "calendar_year_entered": "录入年度放假安排",
    "alerting_table_saved": "修改预警设置",
    "work.retry": "重试工作项",
    "work.clear": "清除工作项",
    "notice.clear": "清除系统通知",
    "audit.verify": "核对审计链",
}
OBJECTS: Mapping[str, str] = {
    "person": "用户",
    "organisation": "组织",
    "document": "信息",
    "model": "模型",
    "event": "事件",
    "export": "导出",
    "standing_topic": "专题",
    "rule": "规则",
    "synonym_group": "同义词组",
    "alert": "预警",
    "case": "处置单",
    "shift": "班次",
    "handover": "交接",
    "notification_channel": "通知渠道",
    "delivery": "通知",
    "source": "数据源",
    "draft": "稿件",
    "review": "审校",
    "account": "发布账号",
    "publication": "发布",
    "silence": "静默",
    "setting": "设置",
    "work_item": "工作项",
    "operator_notice": "系统通知",
    "audit": "审计记录",
}
RESULTS: Mapping[str, str] = {"done": "完成", "refused": "被拒绝", "failed": "失败"}


def action(code: str) -> str:
    return ACTIONS.get(code, code)


def object_type(code: str) -> str:
    return OBJECTS.get(code, code)


def result(code: str) -> str:
    return RESULTS.get(code, code)


def actor(code: str, name: str | None) -> str:
    """Name who acted: a person, a process role, the system, or somebody not signed in."""
    if name is not None:
        return name
    if code == "anonymous":
        return "未登录者"
    return f"进程 {code.removeprefix('role:')}" if code.startswith("role:") else "系统"
