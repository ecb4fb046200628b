"""What a rule, a standing topic or an export may be for; one without a purpose is not saved."""

PURPOSES: tuple[str, ...] = (
    "劳动关系风险预警",
    "职工生命安全",
    "职业健康保护",
    "女职工权益保护",
    "新就业形态劳动者权益",
    "社会保险权益",
    "困难职工帮扶",
    "政策与工会工作反馈",
    "其他维权服务",
)
