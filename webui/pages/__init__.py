"""One blueprint per screen. A new page is one new file and one line here."""

from flask import Blueprint

from core.registry import PluginTable

PAGES: PluginTable[Blueprint] = PluginTable(
    "页面",
    [
        ("assets", "webui.pages.assets:blueprint"),
        ("login", "webui.pages.login:blueprint"),
        ("profile", "webui.pages.profile:blueprint"),
        ("health", "webui.pages.health:blueprint"),
        ("overview", "webui.pages.overview:blueprint"),
        ("events", "webui.pages.events:blueprint"),
        ("event_actions", "webui.pages.event_actions:blueprint"),
        ("event_forms", "webui.pages.event_forms:blueprint"),
        ("documents", "webui.pages.documents:blueprint"),
        ("suggestions", "webui.pages.suggestions:blueprint"),
        ("document_labels", "webui.pages.document_labels:blueprint"),
        ("exports", "webui.pages.exports:blueprint"),
        ("standing_topics", "webui.pages.standing_topics:blueprint"),
        ("standing_topic_forms", "webui.pages.standing_topic_forms:blueprint"),
        ("alerts", "webui.pages.alerts:blueprint"),
        ("alert_actions", "webui.pages.alert_actions:blueprint"),
        ("alert_reports", "webui.pages.alert_reports:blueprint"),
        ("roster", "webui.pages.roster:blueprint"),
        ("inbox", "webui.pages.inbox:blueprint"),
        ("calendar", "webui.pages.calendar:blueprint"),
        ("publications", "webui.pages.publications:blueprint"),
        ("drafts", "webui.pages.drafts:blueprint"),
        ("draft_edit", "webui.pages.draft_edit:blueprint"),
        ("reviews", "webui.pages.reviews:blueprint"),
        ("accounts", "webui.pages.accounts:blueprint"),
        ("feed", "webui.pages.feed:blueprint"),
        ("sources", "webui.pages.sources:blueprint"),
        ("source_import", "webui.pages.source_import:blueprint"),
        ("rules", "webui.pages.rules:blueprint"),
        ("trials", "webui.pages.trials:blueprint"),
        ("synonym_groups", "webui.pages.synonym_groups:blueprint"),
        ("channels", "webui.pages.channels:blueprint"),
        ("users", "webui.pages.users:blueprint"),
        ("audit", "webui.pages.audit:blueprint"),
        ("system", "webui.pages.system:blueprint"),
        ("api", "webui.pages.api:blueprint"),
        ("styleguide", "webui.pages.styleguide:blueprint"),
    ],
)
