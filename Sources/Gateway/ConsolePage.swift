import HTTPServer

/// The console: one page without anything from outside, which asks `/v1/lag` and `/v1/topics` each second.
enum ConsolePage {
    static var response: Response {
        Response(
            status: 200,
            contentType: "text/html; charset=utf-8",
            body: bytes,
            headers: [
                ("cache-control", "no-cache"),
                // Texts from the cluster are only ever set as text; this is the second lock on that door.
                (
                    "content-security-policy",
                    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
                        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
                ),
                ("x-content-type-options", "nosniff"),
            ]
        )
    }

    private static let bytes = Array((head + ConsoleScript.text + "</script>\n</html>\n").utf8)

    private static let head = #"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>SomaAgent console</title>
        <style>
        :root { --ink: #1c2024; --soft: #5d666f; --line: #d9dee3; --paper: #fff; --panel: #f5f7f9; --good: #1a7f37;
          --warn: #9a6700; --bad: #c62828; --bar: #3b82c4; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #98a2ac; --line: #30373e; --paper: #14181c;
          --panel: #1b2025; --good: #4ac26b; --warn: #d4a72c; --bad: #ff7b72; --bar: #58a6ff; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; max-width: 76rem; padding: 1.25rem; background: var(--paper); color: var(--ink);
          font: 15px/1.45 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
        header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1rem; }
        h1 { font-size: 1.2rem; margin: 0; }
        h2 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
        #state { font-weight: 600; }
        #state.live { color: var(--good); } #state.stale { color: var(--bad); }
        #when, .soft { color: var(--soft); }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; }
        th, td { padding: .34rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        th.n, td.n { text-align: right; white-space: nowrap; }
        tbody tr:hover { background: var(--panel); }
        tr.detail > td { background: var(--panel); padding: .2rem .6rem .6rem 1.8rem; }
        tr.detail table { font-size: .88rem; }
        button.fold { all: unset; cursor: pointer; padding: 0 .2rem; border-radius: 3px; overflow-wrap: anywhere; }
        button.fold::before { content: "▸"; display: inline-block; width: 1rem; color: var(--soft); }
        button.fold[aria-expanded=true]::before { content: "▾"; }
        button:focus-visible, input:focus-visible { outline: 2px solid var(--bar); outline-offset: 1px; }
        .OK { color: var(--good); } .WARN, .STALL, .REWIND { color: var(--warn); } .STOP, .ERR { color: var(--bad); }
        .bar { display: inline-block; height: .55rem; background: var(--bar); border-radius: 2px; margin-right: .5rem;
          opacity: .8; } .number { display: inline-block; min-width: 4rem; }
        body.stale main { opacity: .5; }
        form { display: none; gap: .5rem; margin: .5rem 0 1rem; } form.on { display: flex; flex-wrap: wrap; }
        input, form button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
          border-radius: 4px; padding: .3rem .6rem; } input { flex: 1 1 20rem; }
        .scroll { overflow-x: auto; }
        .nosize #topics-table :is(th, td):last-child { display: none; }
        </style>
        <header>
          <h1>SomaAgent</h1>
          <span id="state" role="status" aria-live="polite">connecting</span>
          <span id="when"></span>
        </header>
        <form id="auth"><label for="key">API key</label>
          <input id="key" type="password" autocomplete="off" spellcheck="false"><button>Use</button></form>
        <main>
          <h2 id="groups-title">Consumer groups <span class="soft" id="groups-sum"></span></h2>
          <div class="scroll"><table aria-labelledby="groups-title">
            <thead><tr><th scope="col">Group<th scope="col">State<th scope="col">Progress<th scope="col" class="n">Members
              <th scope="col" class="n">Lag, records<th scope="col" class="n">Lag, time</tr></thead>
            <tbody id="groups"></tbody>
          </table></div>
          <h2 id="topics-title">Topics <span class="soft" id="topics-sum"></span></h2>
          <div class="scroll"><table aria-labelledby="topics-title" id="topics-table">
            <thead><tr><th scope="col">Topic<th scope="col" class="n">Partitions<th scope="col" class="n">Records
              <th scope="col" class="n">Records/s<th scope="col" class="n">Size</tr></thead>
            <tbody id="topics"></tbody>
          </table></div>
        </main>
        <script>

        """#
}
