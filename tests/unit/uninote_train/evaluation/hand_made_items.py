"""A small world of items, made by hand."""

from schemas.item import item_id

BOX = (0.1, 0.1, 0.9, 0.9)


def item(kind, note, images=(), text=None, region=None):
    name = item_id(kind, note, images, region, text)
    box = dict(zip(("x0", "y0", "x1", "y1"), region, strict=True)) if region else None
    return {"item_id": name, "kind": kind, "note_id": note, "image_ids": list(images), "region": box, "text": text}


def row(task, query, positive, of="c1", also="c1", candidates=()):
    candidate_rows = [
        {"item": i, "component_id": c, "similarity": 0.5, "soft_label": 0.5, "source": s} for i, c, s in candidates
    ]
    right = {"item": positive, "component_id": also, "similarity": 0.9, "soft_label": 0.9, "source": "within_note"}
    return {"task": task, "query": query, "component_id": of, "positive": right, "candidates": candidate_rows}
