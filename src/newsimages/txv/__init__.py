"""Step 5: text and image embeddings of a frozen backbone in, embeddings of T×V's joint spaces out.

T×V is a small network; its embeddings are revised and ranked as the backbone's own are. The source
is D. Galanopoulos and V. Mezaris, "Are all combinations equal? Combining textual and visual
features with multiple space learning for text-based video retrieval", ECCV Workshops 2022; and the
same, "Cross-modal Networks and Dual Softmax Operation for MediaEval NewsImages 2022".

- ``network``: the layers; ``projection``: embeddings through them; ``loss``: what is minimised.
- ``schedule``: the settings of training and the rules that follow from the scores so far.
- ``batches``, ``validation``, ``checkpoint``, ``training``: the loop and its parts.
"""
