"""Names of made-up charts, tables and documents: short, and of ASCII letters alone."""

from __future__ import annotations

from typing import Final

__all__ = ["CITIES", "COMPANIES", "FIRST_NAMES", "GOODS", "LAST_NAMES", "MONTHS", "STREETS"]

# fmt: off
CITIES: Final = (
    "Bergen", "Bilbao", "Bogota", "Cairo", "Cardiff", "Chicago", "Dakar", "Denver", "Dublin", "Geneva", "Ghent",
    "Hanoi", "Havana", "Jaipur", "Kyoto", "Lagos", "Leeds", "Lima", "Lyon", "Malaga", "Manila", "Nairobi", "Naples",
    "Oslo", "Perth", "Porto", "Prague", "Quito", "Riga", "Seoul", "Tampa", "Turin", "Utrecht", "Vienna",
)
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)
GOODS: Final = (
    "Lamp", "Chair", "Table", "Mirror", "Kettle", "Basket", "Blanket", "Ladder", "Bucket", "Clock", "Drill", "Fan",
    "Helmet", "Jacket", "Mat", "Pillow", "Printer", "Radio", "Scale", "Shelf", "Tent", "Toaster", "Vase", "Whistle",
)
FIRST_NAMES: Final = (
    "Ada", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas", "Karin", "Luca", "Mira",
    "Nils", "Olga", "Pablo", "Rosa", "Simon", "Tessa", "Victor",
)
LAST_NAMES: Final = (
    "Abbott", "Bauer", "Costa", "Dahl", "Ekman", "Farrell", "Garcia", "Hansen", "Ibsen", "Jansen", "Keller", "Lang",
    "Moreau", "Novak", "Okafor", "Petrov", "Quinn", "Rossi", "Silva", "Tanaka", "Vogel", "Weber",
)
COMPANIES: Final = (
    "Northwind Supplies", "Harbour Trading", "Bluefield Tools", "Cedar & Sons", "Eastgate Office", "Falcon Works",
    "Granite Goods", "Hillside Stores", "Juniper Home", "Kestrel Depot", "Lakeview Market", "Maple Workshop",
)
STREETS: Final = (
    "Mill Lane", "High Street", "Station Road", "Park Avenue", "Church Street", "River Road", "King Street",
    "Garden Way", "Bridge Street", "School Lane",
)
# fmt: on
