"""The demo's invented places, beside the real ones."""

from config.regions import Region, RegionLevel

# Codes above 99 belong to no real province.
_PROVINCE = "990000"
_CITY = "990100"
_DISTRICTS = (
    ("990101", "青岚区"),
    ("990102", "鹿鸣区"),
    ("990103", "望舒区"),
    ("990121", "云溪县"),
)


def demo_regions() -> tuple[Region, ...]:
    """Give the demo city and its districts as regions under an invented province."""
    return (
        Region(_PROVINCE, "演练省", RegionLevel.PROVINCE, None),
        Region(_CITY, "河湾市", RegionLevel.CITY, _PROVINCE),
        *(Region(code, name, RegionLevel.COUNTY, _CITY) for code, name in _DISTRICTS),
    )
