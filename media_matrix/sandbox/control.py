"""The control endpoint: faults, switches and the journal, for tests and drills."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from pydantic import TypeAdapter, ValidationError

from media_matrix.sandbox.state import Fault, JournalEntry, SandboxState, Switches

_FAULT = TypeAdapter(Fault)
_SWITCHES = TypeAdapter(Switches)
_JOURNAL = TypeAdapter(list[JournalEntry])


def control_blueprint(state: SandboxState) -> Blueprint:
    blueprint = Blueprint("sandbox_control", __name__)

    @blueprint.get("/_control/journal")
    def journal() -> Response:
        with state.lock:
            return Response(_JOURNAL.dump_json(state.data.journal), content_type="application/json")

    @blueprint.post("/_control/faults")
    def add_fault() -> tuple[Response, int]:
        try:
            fault = _FAULT.validate_python(request.get_json(force=True))
        except ValidationError as error:
            return jsonify({"error": str(error)}), 400
        state.add_fault(fault)
        return jsonify({"faults": len(state.data.faults)}), 201

    @blueprint.delete("/_control/faults")
    def clear_faults() -> Response:
        with state.lock:
            state.data.faults.clear()
            state.save()
        return jsonify({"faults": 0})

    @blueprint.post("/_control/switches")
    def switch() -> tuple[Response, int]:
        with state.lock:
            before = _SWITCHES.dump_python(state.data.switches)
            try:
                state.data.switches = _SWITCHES.validate_python({
                    **before, **request.get_json(force=True),
                })  # fmt: skip
            except ValidationError as error:
                return jsonify({"error": str(error)}), 400
            state.save()
            return jsonify(_SWITCHES.dump_python(state.data.switches)), 200

    @blueprint.post("/_control/tokens/revoke")
    def revoke_tokens() -> Response:
        """Let every WeChat token die at once, as a reset of the secret does."""
        with state.lock:
            for app in state.data.wechat_apps.values():
                app.token = None
                app.token_until = None
            state.save()
        return jsonify({"revoked": len(state.data.wechat_apps)})

    return blueprint
