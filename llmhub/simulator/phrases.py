"""Pure: what the simulator says, in sentences of our own."""

from __future__ import annotations

# A theme is chosen by the first of its words that the prompt holds.
THEMES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("refund", "order", "customer", "ticket", "invoice", "delivery"): (
        "Thank you for writing, and I am sorry that this took longer than it should have.",
        "I have looked at the order and the parcel left our warehouse this morning.",
        "The amount goes back to the card you paid with, usually within three working days.",
        "If it has not arrived by Friday, answer this message and we send another one at no cost.",
        "You do not need to return the first item; please keep it or pass it on.",
        "The invoice now shows the corrected address, and the old one is void.",
        "Our team in the same building packs these, so I asked them directly.",
        "Is there anything else about this order that I can settle for you today?",
    ),
    ("code", "function", "python", "bug", "test", "sql", "error"): (
        "The loop reads one element past the end, which is why only the last row is wrong.",
        "Move the check above the assignment and the second branch is no longer needed.",
        "An index on both columns, in that order, lets the query stop after the first page.",
        "I would write the failing test first: it takes two lines and pins the behaviour.",
        "The exception hides the cause; let it rise, and catch it where you can act on it.",
        "Passing the clock as an argument makes this function easy to test.",
        "The connection is closed twice, once by the context manager and once by hand.",
        "With that change the function is shorter, and the reader sees what it returns.",
    ),
    ("summary", "summarise", "summarize", "report", "paper", "article", "meeting"): (
        "The document makes three claims and supports two of them with figures.",
        "Revenue grew in the north and stood still in the south, mostly for lack of stock.",
        "The authors compare four methods on the same data and find small differences.",
        "Two questions were left open: who pays for the move, and by when it is done.",
        "The strongest evidence is the table of the second section; the rest is opinion.",
        "Everyone agreed to meet again in two weeks with the numbers of the pilot.",
        "The risk named most often is a late delivery of the new machines.",
        "In short: continue, measure monthly, and stop if the rate does not improve.",
    ),
    ("translate", "translation", "german", "french", "spanish"): (
        "The bridge opens at six, and the boats wait below it until the bell rings.",
        "Guten Morgen, die Lieferung kommt heute zwischen zehn und zwölf Uhr.",
        "Le marché ferme à midi; il vaut mieux y aller tôt.",
        "El tren sale a las ocho y llega antes de la comida.",
        "The tone of the original is formal, so I kept the polite form throughout.",
        "One idiom has no match; I chose the nearest that sounds natural.",
    ),
}
GENERAL: tuple[str, ...] = (
    "There are two good ways to do this, and the simpler one is enough here.",
    "Start with the part that changes least, and leave the rest for when you know more.",
    "A small example makes it clear: with four items the order does not matter.",
    "The answer depends on how often it is read and how seldom it is written.",
    "Most of the time goes into the first step, so that is the one to look at.",
    "It works the same way in reverse, which is a quick check of the result.",
    "If you want it shorter, the second point can go without losing anything.",
    "The figures are round on purpose; the exact ones change from week to week.",
    "Keep a note of what you tried, even of what did not work.",
    "Both are correct; the difference is only who has to remember what.",
    "A day of rest between the two makes more difference than the method.",
    "In practice the limit is reached long before the theory says so.",
)
THOUGHTS: tuple[str, ...] = (
    "First I should find out what is really being asked.",
    "There may be a case that the obvious answer misses.",
    "Let me check that with small numbers.",
    "That holds, so the remaining question is the order.",
    "The shorter form says the same, so I will use it.",
)


def theme_of(prompt: str) -> tuple[str, ...]:
    """Return the sentences that fit `prompt`."""
    lower = prompt.lower()
    return next((THEMES[words] for words in THEMES if any(word in lower for word in words)), GENERAL)
