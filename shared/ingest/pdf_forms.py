"""What was filled into a PDF's form: pdfium draws it, and leaves it out of the page's text."""

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from pypdfium2 import raw

_MOST_FIELDS = 2_000  # Of a page; the fullest tax form has some three hundred.
_MOST_BYTES = 64 * 1024
_CHOSEN = {raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX}
_TICKED = {raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON}
_UNSEEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_PASSWORD = raw.FPDF_FORMFLAG_TEXT_PASSWORD


def filled_fields(document: Any, page: Any) -> Iterator[str]:
    """The page's filled fields, each after its label where it has one that people read; `init_forms` came first."""
    if document.formenv is None:
        return
    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_FIELDS)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        if not annotation:
            continue
        try:
            if field := _filled(document.formenv, annotation):
                yield field
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _filled(form: Any, annotation: Any) -> str:
    if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET or raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN:
        return ""
    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    label = _written(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)
    if kind in _TICKED:
        # Its value is a name within the file; what the box stands for is its label.
        return f"{label}: \u2713" if label and raw.FPDFAnnot_IsChecked(form, annotation) else ""
    if kind not in _CHOSEN or raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    value = _written(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    return f"{label}: {value}" if label and value else value


def _written(getter: Callable[..., int], form: Any, annotation: Any) -> str:
    """What a function of the library writes as UTF-16, in two calls as they all want it."""
    size = min(getter(form, annotation, None, 0), _MOST_BYTES)
    written = (ctypes.c_ushort * ((size + 1) // 2))()
    getter(form, annotation, written, size)
    return bytes(written).decode("utf-16-le", "replace").partition("\0")[0].strip()
