"""What takes evidence in this installation."""

from crawlers.evidence.archive import Operator
from crawlers.evidence.work import EvidenceWorker
from zhisheng.services import Services, operator_contact


def evidence_worker(services: Services) -> EvidenceWorker:
    return EvidenceWorker(
        services.sessions,
        services.clock,
        services.keyring,
        owner=services.owner,
        operator=Operator(f"Zhisheng/{services.version}", operator_contact(services.settings)),
    )
