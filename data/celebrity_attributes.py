"""The forty attributes of CelebA by name, and the eighteen of them that CCVAE was introduced with."""

import difflib
from collections.abc import Sequence

__all__ = ["CELEBRITY_ATTRIBUTES", "CHARACTERISTICS", "check_attributes"]

CELEBRITY_ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
    "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling",
    "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace",
    "Wearing_Necktie", "Young",
)  # fmt: skip
CHARACTERISTICS = (
    "Arched_Eyebrows", "Bags_Under_Eyes", "Bangs", "Black_Hair", "Blond_Hair", "Brown_Hair",
    "Bushy_Eyebrows", "Chubby", "Eyeglasses", "Heavy_Makeup", "Male", "No_Beard",
    "Pale_Skin", "Receding_Hairline", "Smiling", "Wavy_Hair", "Wearing_Necktie", "Young",
)  # fmt: skip


def check_attributes(attributes: Sequence[str]) -> tuple[str, ...]:
    """The attributes asked for, if CelebA has them.

    Args:
        attributes: L different names, in any order.

    Raises:
        ValueError: if there is none, two are alike, or CelebA has no such name: the error lists the nearest.

    Example:
        >>> check_attributes(["Smiling", "Male"])
        ('Smiling', 'Male')
    """
    if isinstance(attributes, str) or not attributes or len(set(attributes)) < len(attributes):
        raise ValueError(
            f"attributes: expected a sequence of different names; {attributes!r} was given.\nTry one of:\n"
            "- attributes=('Smiling', 'Male')\n- no attributes=, for the eighteen of data.CHARACTERISTICS"
        )
    unknown = [name for name in attributes if name not in CELEBRITY_ATTRIBUTES]
    if unknown:
        near = list(dict.fromkeys(close for name in unknown for close in _near(str(name)))) or CELEBRITY_ATTRIBUTES
        raise ValueError(
            f"attributes: CelebA has no {', '.join(map(repr, unknown))}.\nTry one of:\n- {', '.join(near)}\n"
            "- no attributes=, for the eighteen of data.CHARACTERISTICS"
        )
    return tuple(attributes)


def _near(name: str) -> list[str]:
    lower = {known.lower(): known for known in CELEBRITY_ATTRIBUTES}
    return [lower[known] for known in difflib.get_close_matches(name.lower().replace(" ", "_"), lower, 3)]
