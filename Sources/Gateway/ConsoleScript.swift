/// The console's script: keeps rows by name and changes their texts, so that focus and unfolded rows stay.
enum ConsoleScript {
    static let text = #"""
        "use strict";
        const $ = id => document.getElementById(id);
        const open = new Set(), rows = {groups: new Map(), topics: new Map()};
        let key = sessionStorage.getItem("key") || "", last = 0;

        const whole = n => n == null ? "–" : n.toLocaleString("en").replaceAll(",", "\u202f");
        const rate = n => n < 10 && n % 1 ? n.toFixed(1) : whole(Math.round(n));
        const time = s => s == null ? "–" : s < 0.0005 ? "0" : s < 1 ? Math.round(s * 1000) + " ms"
          : s < 90 ? s.toFixed(1) + " s" : s < 5400 ? Math.round(s / 60) + " min" : (s / 3600).toFixed(1) + " h";
        const size = n => { if (n == null) return "–";
          const units = ["B", "KiB", "MiB", "GiB", "TiB"]; let i = 0;
          while (n >= 1024 && i < 4) { n /= 1024; i++; }
          return (i && n < 100 ? n.toFixed(1) : Math.round(n)) + " " + units[i]; };
        const set = (node, text) => { if (node.textContent !== text) node.textContent = text; };

        function cells(row, count, numeric) {
          while (row.cells.length < count) {
            const cell = row.insertCell();
            if (numeric.includes(row.cells.length - 1)) cell.className = "n";
          }
          return row.cells;
        }

        // Gives each name its row, in order, and drops the rows of names that are gone.
        function sync(kind, names, make) {
          const body = $(kind), known = rows[kind];
          for (const [name, entry] of known) if (!names.includes(name)) {
            entry.row.remove(); entry.detail?.remove(); known.delete(name);
          }
          let place = body.firstChild;
          for (const name of names) {
            if (!known.has(name)) known.set(name, make(name));
            const entry = known.get(name);
            for (const row of [entry.row, entry.detail]) if (row) {
              if (row !== place) body.insertBefore(row, place); else place = place.nextSibling;
            }
          }
        }

        function makeGroup(name) {
          const row = document.createElement("tr"), detail = document.createElement("tr");
          const fold = document.createElement("button"), inner = document.createElement("table");
          fold.className = "fold"; fold.type = "button"; fold.textContent = name;
          cells(row, 6, [3, 4, 5])[0].append(fold);
          detail.className = "detail";
          const cell = detail.insertCell(); cell.colSpan = 6; cell.append(inner);
          inner.createTHead().innerHTML = "<tr><th>Partition<th class=n>Committed<th class=n>End<th class=n>Lag"
            + "<th class=n>Lag, time<th>Member</tr>";
          const body = inner.createTBody();
          const show = () => { fold.setAttribute("aria-expanded", open.has(name)); detail.hidden = !open.has(name); };
          fold.onclick = () => { open.has(name) ? open.delete(name) : open.add(name); show(); };
          show();
          return {row, detail, body};
        }

        function showGroups(groups) {
          sync("groups", groups.map(g => g.group), makeGroup);
          for (const group of groups) {
            const {row, body} = rows.groups.get(group.group), cell = row.cells;
            set(cell[1], group.state);
            set(cell[2], group.status); cell[2].className = group.status;
            set(cell[3], whole(group.members));
            set(cell[4], whole(group.lag));
            set(cell[5], time(group.lag_seconds));
            if (!open.has(group.group)) continue;
            while (body.rows.length > group.partitions.length) body.deleteRow(-1);
            group.partitions.forEach((p, index) => {
              const c = cells(body.rows[index] || body.insertRow(), 6, [1, 2, 3, 4]);
              set(c[0], p.topic + " / " + p.partition);
              set(c[1], whole(p.committed)); set(c[2], whole(p.end)); set(c[3], whole(p.lag));
              set(c[4], time(p.lag_seconds)); set(c[5], p.member || "–");
            });
          }
          const behind = groups.filter(g => g.lag > 0);
          set($("groups-sum"), groups.length + (behind.length
            ? ", " + behind.length + " behind by up to " + time(Math.max(...behind.map(g => g.lag_seconds))) : ", none behind"));
        }

        function showTopics(topics) {
          sync("topics", topics.map(t => t.topic), name => {
            const row = document.createElement("tr"), cell = cells(row, 5, [1, 2, 3, 4]);
            cell[0].textContent = name;
            const bar = document.createElement("span");
            bar.className = "bar"; bar.setAttribute("aria-hidden", "true");
            const number = document.createElement("span"); number.className = "number";
            cell[3].append(bar, number);
            return {row, bar, rate: number};
          });
          document.body.classList.toggle("nosize", topics.every(t => t.bytes == null));
          const most = Math.max(1, ...topics.map(t => t.records_per_second));
          for (const topic of topics) {
            const {row, bar, rate: text} = rows.topics.get(topic.topic);
            set(row.cells[1], whole(topic.partitions)); set(row.cells[2], whole(topic.records));
            bar.style.width = topic.records_per_second / most * 5 + "rem";
            set(text, rate(topic.records_per_second)); set(row.cells[4], size(topic.bytes));
          }
          set($("topics-sum"), topics.length + ", " + rate(topics.reduce((s, t) => s + t.records_per_second, 0)) + " records/s");
        }

        async function get(path) {
          const headers = key ? {authorization: "Bearer " + key} : {};
          const answer = await fetch(path, {headers, signal: AbortSignal.timeout(3000)});
          if (answer.status === 401) { $("auth").classList.add("on"); throw new Error("needs an API key"); }
          if (!answer.ok) throw new Error("the server answers " + answer.status);
          return answer.json();
        }

        function state(text, isLive) {
          set($("state"), text);
          $("state").className = isLive ? "live" : "stale";
          document.body.classList.toggle("stale", !isLive && last > 0);
        }

        async function tick() {
          try {
            const [lag, topics] = await Promise.all([get("/v1/lag"), get("/v1/topics")]);
            showGroups(lag.groups); showTopics(topics.topics);
            const age = (Date.now() - Date.parse(lag.time)) / 1000;
            last = Date.now();
            $("auth").classList.remove("on");
            state(age > 15 ? "stale: measured " + time(age) + " ago" : "live", age <= 15);
            set($("when"), "measured " + new Date(lag.time).toLocaleTimeString());
          } catch (error) {
            const since = last ? "stale for " + time((Date.now() - last) / 1000) + ": " : "";
            state(since + (error.name === "TypeError" || error.name === "TimeoutError" ? "the server does not answer" : error.message), false);
          }
          setTimeout(tick, 1000);
        }

        $("auth").onsubmit = event => {
          event.preventDefault();
          key = $("key").value.trim(); sessionStorage.setItem("key", key); $("key").value = "";
        };
        tick();

        """#
}
