"""How items are cut into parts, and what this process makes of all of them."""

from newsimages.engine import LOCAL, in_parts, singly


def test_this_process_takes_all_items_as_one_part() -> None:
    parts: list[list[int]] = []

    def doubled(items: list[int]) -> list[int]:
        parts.append(items)
        return [2 * item for item in items]

    assert list(LOCAL.run(doubled, [1, 2, 3], cut=singly)) == [2, 4, 6]
    assert parts == [[1, 2, 3]]


def test_parts_hold_each_item_once_and_in_order() -> None:
    items = list(range(7))
    assert singly(items) == [[item] for item in items]
    assert in_parts(3)(items) == [[0, 1, 2], [3, 4, 5], [6]]
    assert in_parts(7)(items) == [items]
    assert in_parts(3)([]) == []
