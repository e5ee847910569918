"""What ``steelyard verify`` opens a sealed result with: one class for each file, found as plugins ``result.NAME``."""

from __future__ import annotations

from pathlib import Path

from steelyard.plugins import ResultRequest, ResultVerified

__all__ = ["Detections", "OutputTexts", "Outputs", "TextIdentities"]


class Detections:
    """``detection.dsse.json``: one detector over finished runs."""

    def check(self, folder: Path, require_key: Path | None) -> ResultVerified:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.api.detect import verify_detection
        from steelyard_forensics.panels.words import headline

        held = verify_detection(folder, require_key)
        return ResultVerified(
            folder=folder,
            found=held.detection,
            headline="" if held.not_recomputed else headline(held.detection),
            signed_by=held.signed_by,
            trusted=held.trusted,
            not_recomputed=held.not_recomputed,
        )

    def verify(self, request: ResultRequest) -> int:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.cli.verify_detection import verify_one

        return verify_one(request.folder, request.require_key, request.panel, request.tested, as_json=request.as_json)


class Outputs:
    """``outputs.dsse.json``: a vendor's published outputs, held against weights."""

    def check(self, folder: Path, require_key: Path | None) -> ResultVerified:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.api.published_outputs import verify_outputs
        from steelyard_forensics.published.pages import headline

        held = verify_outputs(folder, require_key)
        return ResultVerified(
            folder=folder,
            found=held.outputs,
            headline=headline(held.outputs),
            signed_by=held.signed_by,
            trusted=held.trusted,
        )

    def verify(self, request: ResultRequest) -> int:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.cli.verify_weights import verify_outputs_at

        return verify_outputs_at(
            request.folder, request.require_key, request.tested, request.references, as_json=request.as_json
        )


class OutputTexts:
    """``output-texts.dsse.json``: a vendor's published outputs, held against served answers."""

    def check(self, folder: Path, require_key: Path | None) -> ResultVerified:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.api.published_texts import verify_texts
        from steelyard_forensics.published.texts_pages import headline

        held = verify_texts(folder, require_key)
        return ResultVerified(
            folder=folder,
            found=held.texts,
            headline=headline(held.texts),
            signed_by=held.signed_by,
            trusted=held.trusted,
        )

    def verify(self, request: ResultRequest) -> int:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.cli.verify_texts import verify_output_texts_at

        return verify_output_texts_at(request.folder, request.require_key, request.tested, as_json=request.as_json)


class TextIdentities:
    """``text-identity.dsse.json``: whether two runs' texts are one model's."""

    def check(self, folder: Path, require_key: Path | None) -> ResultVerified:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.api.text_identity import verify_identity
        from steelyard_forensics.text_identity.pages import headline

        held = verify_identity(folder, require_key)
        return ResultVerified(
            folder=folder,
            found=held.identity,
            headline=headline(held.identity),
            signed_by=held.signed_by,
            trusted=held.trusted,
        )

    def verify(self, request: ResultRequest) -> int:
        """See :class:`~steelyard.plugins.ResultVerifier`."""
        from steelyard_forensics.cli.verify_texts import verify_texts_at

        return verify_texts_at(request.folder, request.require_key, request.tested, as_json=request.as_json)
