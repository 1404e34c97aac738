// The judgement as one HTML file: no scripts, nothing from elsewhere, light and dark, made for paper too. It is also
// well-formed XML, so that any reader can take it apart.

import Scoring

extension Evaluation {
    /// The whole page.
    public func html() -> String {
        let title = "Evaluation of \(scoreName)"
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <title>\(Markup.escaped(title))</title>
            <style>
            \(ReportStyle.sheet)
            </style>
            </head>
            <body>
            <header>
            <h1>\(Markup.escaped(title))</h1>
            <p>\(Markup.escaped(heading))</p>
            \(remarks.map { "<p class=\"remark\">\(Markup.escaped($0))</p>" }.joined(separator: "\n"))
            </header>
            <main>
            <dl class="figures">
            \(keyFigures)
            </dl>
            <section class="plots">
            \(figures.map { html($0) }.joined(separator: "\n"))
            </section>
            <h2>Week by week</h2>
            <section class="plots">
            \(weeklyFigures.map { html($0) }.joined(separator: "\n"))
            </section>
            \(tables.map { html($0) }.joined(separator: "\n"))
            </main>
            <footer><p>\(Markup.escaped(footer))</p></footer>
            </body>
            </html>

            """
    }

    /// What is read first, in large type.
    private var keyFigures: String {
        let reference = settings.referenceRate
        let wanted = [
            "ap", "auc", "recall@\(reference)", "value@\(reference)", "alert_precision", "card_precision",
            "predicted_observed",
        ]
        let found = wanted.compactMap { id in overall.metrics.first { $0.definition.id == id } }
        return found.map { result in
            let format = result.definition.format
            let interval = result.interval == nil ? "" : ReportText.interval(result.interval, format)
            return """
                <div><dt>\(Markup.escaped(result.definition.title))</dt>\
                <dd>\(Markup.escaped(ReportText.metric(result.value, format)))\
                <small>\(Markup.escaped(interval))</small></dd></div>
                """
        }.joined(separator: "\n")
    }

    private var footer: String {
        "shroff evaluate; labels as of \(Timestamp.text(nanoseconds: asOf))"
            + (settings.bootstrapRounds == 0
                ? ""
                : "; 95 % intervals from \(settings.bootstrapRounds) resamplings by \(settings.unit), seed \(settings.seed)")
    }

    private func html(_ figure: Figure) -> String {
        let caption = figure.caption.isEmpty ? "" : "<p>\(Markup.escaped(figure.caption))</p>"
        return """
            <figure><figcaption><h3>\(Markup.escaped(figure.title))</h3>\(caption)</figcaption>
            \(figure.svg)</figure>
            """
    }

    private func html(_ table: ReportTable) -> String {
        var html = "<section><h2>\(Markup.escaped(table.title))</h2>\n<div class=\"wide\"><table>\n<thead><tr>"
        for column in table.columns {
            html += "<th scope=\"col\"\(column.isText ? " class=\"text\"" : "")>\(Markup.escaped(column.title))</th>"
        }
        html += "</tr></thead>\n<tbody>\n"
        for row in table.rows {
            html += "<tr>"
            for (column, cell) in row.enumerated() {
                let tag = column == 0 ? "th scope=\"row\"" : "td"
                let kind = table.columns[column].isText ? " class=\"text\"" : ""
                html += "<\(tag)\(kind)>\(Markup.escaped(cell))</\(tag.prefix(2))>"
            }
            html += "</tr>\n"
        }
        html += "</tbody></table></div>\n"
        if let note = table.note { html += "<p class=\"remark\">\(Markup.escaped(note))</p>\n" }
        return html + "</section>"
    }
}

enum ReportStyle {
    /// Two colours carry meaning, fraud and legitimate; everything else is ink. `main` is for lines that are neither.
    static let sheet = """
        :root { color-scheme: light dark; --ink: #1c2126; --soft: #5d666f; --faint: #dfe3e6; --paper: #fff;
          --main: #1f5f8b; --fraud: #b23a2e; --legitimate: #6b7a87; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --soft: #9aa4ad; --faint: #343b42; --paper: #15191d;
          --main: #6db3e2; --fraud: #f0806f; --legitimate: #94a3b0; } }
        @media print { :root { color-scheme: light; --ink: #000; --soft: #444; --faint: #ccc; --paper: #fff;
          --main: #1f5f8b; --fraud: #b23a2e; --legitimate: #6b7a87; } }
        body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.5rem 3rem; background: var(--paper); color: var(--ink);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
        h1 { font-size: 1.6rem; margin: 0 0 .3rem; line-height: 1.2; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .5rem; }
        h3 { font-size: 1rem; margin: 0; } p { margin: 0 0 .3rem; } .remark, footer { color: var(--soft); font-size: .87rem; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: 1rem 1.6rem;
          margin: 1.6rem 0; padding: 1rem 0; border: solid var(--faint); border-width: 1px 0; }
        .figures dt { color: var(--soft); font-size: .82rem; line-height: 1.3; min-height: 2.6em; }
        .figures dd { margin: 0; font-size: 1.6rem; line-height: 1.2; } .figures small { display: block; font-size: .78rem;
          color: var(--soft); min-height: 1.2em; }
        .plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.8rem 2.2rem; }
        figure { margin: 0; break-inside: avoid; display: flex; flex-direction: column; justify-content: space-between; }
        figcaption p { color: var(--soft); font-size: .87rem; margin: 0; } svg { display: block; width: 100%; height: auto; }
        svg text { font-size: 11px; fill: var(--ink); } svg .value, svg .note, svg .title { fill: var(--soft); }
        svg .note { font-style: italic; } svg .label.fraud { fill: var(--fraud); }
        svg .label.legitimate { fill: var(--legitimate); } svg .label { font-weight: 600; }
        .grid { stroke: var(--faint); } .axis, .tick { stroke: var(--soft); } .line { fill: none; stroke-width: 1.8;
          stroke-linejoin: round; } .line.main { stroke: var(--main); } .line.fraud { stroke: var(--fraud); }
        .line.legitimate { stroke: var(--legitimate); } .line.chance { stroke: var(--soft); stroke-width: 1;
          stroke-dasharray: 4 3; } .area { fill-opacity: .13; stroke-width: 1.4; }
        .area.fraud { fill: var(--fraud); stroke: var(--fraud); } .area.legitimate { fill: var(--legitimate);
          stroke: var(--legitimate); } .dot.main { fill: var(--main); } .dot.hollow { fill: var(--paper);
          stroke: var(--main); } .whisker { stroke: var(--main); stroke-opacity: .5; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .87rem; }
        th, td { text-align: right; padding: .28rem .5rem; white-space: nowrap; border-bottom: 1px solid var(--faint);
          font-weight: 400; } .text { text-align: left; } th:first-child { padding-left: 0; }
        thead th { color: var(--soft); border-bottom-color: var(--soft); vertical-align: bottom; }
        footer { margin-top: 2.5rem; border-top: 1px solid var(--faint); padding-top: .7rem; }
        @media print { body { max-width: none; padding: 0; font-size: 10pt; } section { break-inside: avoid; }
          .wide { overflow: visible; } .plots { grid-template-columns: 1fr 1fr; } thead th { white-space: normal; } }
        """
}
