"""The ground floor: time, due rows, committed facts, workspace scope. No models, no business."""
