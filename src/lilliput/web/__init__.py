"""The page: every paper as a card, its claims beside what came out here, and a button that runs it.

    settings    where it listens and what it may use
    database    the page's own SQLite file: catalogue, votes, notes, jobs, subscribers
    catalogue   papers and figures as tables that can be searched; kept in step with the papers and the result store
    security    who may ask, and what a browser may do with an answer
    app         puts it together; each file in `pages/` adds its addresses, listed and not enumerated

Everything is rendered on the server and works without scripts; scripts only show progress as it comes.
"""
