"""The words of a summary in German, as an auditor would write them: nobody is addressed."""

from __future__ import annotations

from typing import Final

from steelyard.reports.summary_words import (
    Frame,
    GateLines,
    Headlines,
    Labels,
    Meanings,
    Notation,
    Reasons,
    Steps,
    Sureness,
    Who,
    Words,
)

__all__ = ["GERMAN"]

GERMAN: Final = Words(
    code="de",
    notation=Notation(
        decimal_comma=True,
        points="{number} Punkte",
        out_of="{part} von {whole}",
        date="{day}. {month} {year}",
        moment="{date}, {time} Uhr (UTC)",
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni"),
            *("Juli", "August", "September", "Oktober", "November", "Dezember"),
        ),
        units={
            "second": "Sekunde",
            "seconds": "Sekunden",
            "minute": "Minute",
            "minutes": "Minuten",
            "hours": "Stunden",
            "day": "Tag",
            "days": "Tage",
        },
        two="{first} und {last}",
        more="{names} und {number} weitere",
        opening="„",
        closing="“",
    ),
    labels=Labels(
        inconsistent="Nicht vereinbar mit der Angabe",
        consistent="Vereinbar mit der Angabe",
        insufficient_power="Nicht entscheidbar mit diesen Antworten",
        not_testable="Hier nicht prüfbar",
        not_tested="Nicht geprüft",
        measured="Gemessen",
    ),
    headlines=Headlines(
        below_one="Das Modell erreicht am geprüften Endpunkt den angegebenen Wert für {task} nicht. "
        "Angegeben: {claimed}. Gemessen: {measured}.",
        below_many="Das Modell erreicht am geprüften Endpunkt {number} der {of} angegebenen Werte nicht.",
        below_all="Das Modell erreicht am geprüften Endpunkt keinen der {of} angegebenen Werte.",
        table="Die veröffentlichte Tabelle hält einer Prüfung nicht stand: {findings}.",
        not_served="Der Endpunkt lässt manche Fragen ohne Antwort, und welche, hängt von der Frage ab: {findings}.",
        tests="Ein weiterer Test spricht gegen das Modell am geprüften Endpunkt: {findings}.",
        besides="Weitere Prüfungen ergaben: {findings}.",
        finding="1 Befund",
        findings="{number} Befunde",
        holds="Der angegebene Wert für {task} trifft am geprüften Endpunkt zu: Er wird um höchstens {within} "
        "unterschritten.",
        hold_all="Alle {of} angegebenen Werte treffen am geprüften Endpunkt zu: Sie werden um höchstens {within} "
        "unterschritten.",
        undecided="Für {task} reicht es weder zur Bestätigung noch zur Ablehnung.",
        undecided_many="Für {number} der {of} Angaben reicht es weder zur Bestätigung noch zur Ablehnung.",
        undecided_test="Für einen weiteren Test reicht es zu keiner Entscheidung.",
        not_testable="Für {task} fehlt eine Voraussetzung der Prüfung.",
        not_testable_many="Für {number} der {of} Angaben fehlt eine Voraussetzung der Prüfung.",
        not_tested="Für {task} liegt keine Prüfung vor.",
        not_tested_many="Für {number} der {of} Angaben liegt keine Prüfung vor.",
        measured="Das Modell erreicht am geprüften Endpunkt {measured} bei {task}. Es gab keine Angabe, die zu prüfen "
        "war.",
        measured_range="Das Modell erreicht am geprüften Endpunkt zwischen {low} und {high} bei {task}: Von {of} "
        "Antworten fehlen {number} oder sind nicht eindeutig lesbar. Es gab keine Angabe, die zu prüfen war.",
        measured_many="{of} Ergebnisse des Modells am geprüften Endpunkt. Es gab keine Angabe, die zu prüfen war.",
        nothing="Es wurde keine Antwort bewertet.",
    ),
    gates=GateLines(
        green="Grün",
        red="Rot",
        undecided="Nicht entschieden",
        one_green="Das Modell erreicht am geprüften Endpunkt die Schwelle bei {task} ({bar}).",
        one_red="Das Modell erreicht am geprüften Endpunkt die Schwelle bei {task} nicht ({bar}).",
        one_worse="Das Modell ist am geprüften Endpunkt schlechter als der Vergleichslauf bei {task} ({bar}).",
        one_undecided="Die Antworten zeigen nicht, ob das Modell die Schwelle bei {task} erreicht ({bar}).",
        many_green="Alle {of} Schwellen sind erreicht.",
        many_red="{number} von {of} Schwellen sind nicht erreicht.",
        many_undecided="Bei {number} von {of} Schwellen reicht es zu keiner Entscheidung.",
        means_green="Die Schwelle ist nachweislich erreicht.",
        means_red="Die Schwelle ist nachweislich nicht erreicht.",
        means_worse="Nachweislich um mehr als den Abstand schlechter als der Vergleichslauf.",
        means_undecided="Mit diesen Antworten nicht entschieden, also nicht grün.",
        means_within="Dieser Lauf hat das Budget eingehalten.",
        means_over="Dieser Lauf hat das Budget überschritten.",
        baseline="Vergleichslauf − {margin}",
        cost="Kosten ≤ {limit} je Antwort",
        band="Band {ends}",
        pairs="{worse} schlechter, {better} besser",
        title="Zusammenfassung einer Schwellenprüfung",
        heading="Die Schwellen und was sich zeigte",
        gate="Prüfung",
        bar="Schwelle",
        sure_red="Ein Modell, das die Schwelle erreicht, ist durch Zufall in höchstens {rate} Läufen rot.",
        sure_any_red="Erreicht jedes Modell seine Schwelle, so ist durch Zufall in höchstens {rate} Läufen eine rot.",
        sure_worse="Ein Modell, das höchstens um den Abstand schlechter ist als der Vergleichslauf, ist durch Zufall "
        "in höchstens {rate} Läufen rot.",
        sure_green="Ein Modell, das die Schwelle nicht erreicht, ist durch Zufall in höchstens {rate} Läufen grün; das "
        "gilt für jede Schwelle einzeln.",
        sure_undecided="Nicht entschieden ist weder grün noch rot: Mehr Fragen oder eine weiter entfernte Schwelle "
        "brächten eine Entscheidung.",
        sure_one_run="Wo Antworten schwanken, gilt die Schwelle im Mittel der Durchgänge; oft reicht einer nicht.",
        sure_this_run="Ein Budget für Zeit oder Kosten gilt nur für die Antworten dieses Laufs, ohne Fehlerrate.",
        step_red="So nicht freigeben: die falschen Antworten ansehen.",
        step_undecided="Nicht als grün werten: mehr Fragen aufnehmen oder --limit und --budget erhöhen. Die Antworten:",
        step_green="Die Schwelle ist erreicht. Die Antworten:",
    ),
    meanings=Meanings(
        within="bis zu {margin} darunter",
        below="Liegt um mehr als die zulässigen {margin} unter der Angabe.",
        above="Liegt nicht um mehr als {margin} unter der Angabe.",
        better="Besser als angegeben.",
        needs="Für eine Entscheidung fehlen etwa {number} Antworten.",
        needs_time="Für eine Entscheidung fehlen etwa {number} Antworten (etwa {time}).",
        part="Von den {of} Aufgaben des Benchmarks lag nur ein Teil vor.",
        sheet_says="Anmerkung in der Liste der Angaben:",
        in_format="Promptformat {prompt}: {sentence}",
        asked_short="{asked} von {of} Fragen",
        asked_repeats="{asked} von {of} Aufrufen, {each} je Frage",
        asked="Alle {asked} Antworten wurden abgefragt.",
        asked_part="{asked} von {of} Antworten wurden abgefragt.",
        missing="Fehlend: {number}.",
        open="Nicht eindeutig lesbar: {number}.",
        mean="Mittlere Punktzahl {mean} (95-%-Intervall {interval}); daneben der Anteil ganz richtiger Antworten.",
    ),
    reasons=Reasons(
        decoding_unmeasured="Der Anbieter nennt sein Dekodierverfahren nicht, und wie stark Antworten schwanken, "
        "wurde nicht zu Ende gemessen.",
        limit="Die Obergrenze von {number} Fragen war vor einer Entscheidung erreicht.",
        repeat_check="Wie stark Antworten schwanken, wurde nicht zu Ende gemessen.",
        budget="Das Budget war vor einer Entscheidung verbraucht.",
        stopped="Der Lauf wurde vor einer Entscheidung beendet.",
        unread="Abgeschnitten oder mehrdeutig: {number} von {of} Antworten, zu viele für eine Entscheidung.",
        missing="Es fehlen {number} von {of} Antworten, zu viele für eine Entscheidung.",
        unread_and_missing="Fehlend, abgeschnitten oder mehrdeutig: {number} von {of} Antworten, zu viele für eine "
        "Entscheidung.",
        noise_below="Zu nah an der Angabe: Es sind zu wenige Fragen, oder die Antworten schwanken zu stark. Erst "
        "unter {low} wäre das Ergebnis nicht vereinbar.",
        noise="Zu nah an der Angabe: Es sind zu wenige Fragen, oder die Antworten schwanken zu stark. Unter {low} "
        "wäre das Ergebnis nicht vereinbar, ab {high} vereinbar.",
        not_served="Manche Fragen blieben ohne Antwort; welche, hängt von der Frage ab. Das bestätigt keine Angabe.",
        few_items="{held} von {of} Aufgaben sind zu wenige: die Toleranz betrüge {margin}.",
        too_noisy="Die Antworten schwanken so stark, dass die Toleranz {margin} betrüge: Raten würde genügen.",
        format_unstated="Der Anbieter nennt kein Promptformat, und eines der möglichen ist hier nicht abfragbar.",
        other_model="Den Namen nach sind {first} und {second} zwei verschiedene Modelle.",
        metric="Die Metrik {metric} braucht mehrere Antworten je Frage.",
        unit="Ein Wert in {unit} ist kein Anteil richtiger Antworten.",
        outside="{value} liegt nicht zwischen 0 und {scale} und ist daher kein Anteil richtiger Antworten.",
        chance="Raten würde genügen, denn die Toleranz beträgt {margin}.",
        part="Die Daten enthalten hier {held} der {of} Aufgaben des Benchmarks.",
        scored_more="Der Anbieter hat {of} Aufgaben gewertet, die Daten enthalten hier {held}.",
        no_task="Unter diesem Namen ist hier keine Aufgabe bekannt.",
        known="Der Benchmark ist bekannt, aber hier gibt es keine Aufgabe dafür.",
        subset="Die Angabe gilt für einen Teil des Benchmarks; gefragt wird hier der ganze.",
        no_samples="Die Aufgabe enthält keine Fragen.",
        no_data="Die Fragen des Benchmarks liegen hier nicht vor.",
        loglikelihoods="Die Aufgabe braucht Log-Likelihoods, die dieses Modell nicht ausgibt.",
        sandbox="Die Aufgabe führt vom Modell geschriebenen Code aus, und dafür fehlt hier eine Sandbox.",
        imported="Diese Bewertungen gibt es nur im Protokoll eines anderen Programms.",
        world="Die Aufgabe ist für eine andere Art von Modell bestimmt (Sprachmodell oder Weltmodell).",
        role="Für die Rolle {role} wurde kein Modell angegeben.",
        screened="Eine Prüfung der Tabelle fragt kein Modell.",
        other="Grund laut Protokoll:",
    ),
    sureness=Sureness(
        accuse="Ein ehrlicher Anbieter erhielte durch Zufall bei höchstens {rate} solchen Tabellen das Ergebnis „nicht "
        "vereinbar“.",
        confirm="Ein um mehr als die Toleranz zu hoher Wert würde in höchstens {rate} Fällen als vereinbar gelten.",
        true_score="{task}: Der wahre Wert am geprüften Endpunkt (wenn jede Frage gestellt würde) liegt zwischen {low} "
        "und {high} ({level}). Die Balken zeigen das für jede Zeile; sie gelten zu jedem Zeitpunkt der Prüfung und "
        "sind daher breiter, als es das Ergebnis verlangt.",
        interval_measured="Die Balken zeigen, wo der wahre Wert am geprüften Endpunkt mit {level} Sicherheit liegt.",
        tolerance="Bis zu {margin} (Prozentpunkte) unter der gedruckten Zahl gilt ein Ergebnis noch als vereinbar; bei "
        "wenigen Fragen oder schwankenden Antworten kann es mehr sein: die getönten Flächen zeigen, wie viel.",
        no_bad_faith="Eine Abweichung beweist weder böse Absicht noch ein Training mit den Testfragen. Sie zeigt, was "
        "dieser Endpunkt bei dieser Art der Befragung erreicht hat.",
        one_setup="Geprüft wurden nur dieser Endpunkt und diese Art der Befragung: andere können anders abschneiden.",
        differences="Die Befragung weicht von der Beschreibung des Anbieters ab; der Bericht nennt die Unterschiede. "
        "Eine Abweichung im Ergebnis kann daher rühren.",
        formats="Wo der Anbieter kein Promptformat nennt, wurden die möglichen abgefragt; die Zeile zeigt das "
        "entscheidende.",
        imported="Die Antworten stammen aus einem Protokoll von {harness}: Steelyard hat die Aufrufe nicht gesehen.",
        unread="Fehlende oder nicht eindeutig lesbare Antworten ({number}) können weder den Anbieter belasten noch "
        "seine Angabe bestätigen.",
        not_recomputed="Tests, deren Erweiterung hier nicht installiert ist ({number}), wurden nicht nachgerechnet: "
        "ihre Ergebnisse sind die versiegelten.",
        how_read="Wie die Datei mit den Fragen gelesen wurde (Spalten, Trennzeichen, Blatt), steht im Bericht.",
    ),
    steps=Steps(
        unfinished="Zuerst den Lauf beenden; die Zahlen können sich noch ändern:",
        do_not_rely="Diese Zahl nicht verwenden: {claims}. Bei {vendor} das genaue Modell, das Promptformat und das "
        "Dekodierverfahren dahinter erfragen.",
        do_not_rely_many="Diese Zahlen nicht verwenden: {claims}. Bei {vendor} das genaue Modell, das Promptformat "
        "und das Dekodierverfahren dahinter erfragen.",
        vendor="dem Anbieter",
        see_wrong="Die falschen Antworten zeigt:",
        see_open="Die Spanne nicht als Ergebnis verwenden. Die nicht eindeutig lesbaren Antworten ansehen; mehr davon "
        "werden lesbar, wenn nur nach der Antwort gefragt oder anders gelesen wird (--scorer):",
        explain="Bei {vendor} eine Erklärung zu den Befunden einholen ({findings}); alle stehen in report.html.",
        rely="{claims}: für diesen Endpunkt und diese Aufgabe verwendbar (höchstens {within} unter der Angabe).",
        rely_many="{claims}: für diesen Endpunkt und diese Aufgaben verwendbar (höchstens {within} unter der Angabe).",
        more_number="{claims}: noch nicht verwenden. Etwa {number} weitere Antworten abfragen; dazu die Prüfung mit "
        "größerem --limit oder --budget wiederholen.",
        more_time="{claims}: noch nicht verwenden. Etwa {number} weitere Antworten abfragen (etwa {time}); dazu die "
        "Prüfung mit größerem --limit oder --budget wiederholen.",
        more="{claims}: noch nicht verwenden. Die Prüfung mit größerem --limit oder --budget wiederholen und zu Ende "
        "führen.",
        open="{claims}: noch nicht verwenden. Die abgeschnittenen oder mehrdeutigen Antworten ansehen. Sind sie "
        "abgeschnitten, die Prüfung mit längeren Antworten wiederholen (--output-tokens).",
        missing="{claims}: noch nicht verwenden. Klären, warum Antworten fehlen, den Endpunkt instand setzen und die "
        "Prüfung wiederholen.",
        noise="{claims}: noch nicht verwenden. Weitere Fragen dieses Benchmarks entscheiden nicht: bei {vendor} "
        "erfragen, aus wie vielen Durchläufen die Zahl gemittelt ist, oder mit einem größeren Benchmark prüfen.",
        noise_number="{claims}: noch nicht verwenden. So wenige Fragen können einen solchen Wert nicht bestätigen; mit "
        "etwa {number} ginge es: mehr Fragen dieser Art stellen oder mit einem größeren Benchmark prüfen.",
        data="{claims}: die Fragen des Benchmarks bereitstellen (--data DIR oder eine eigene Datei mit --task FILE).",
        items="{claims}: mehr Aufgaben des Benchmarks bereitstellen.",
        whole="{claims}: alle Aufgaben des Benchmarks bereitstellen oder ein Ergebnis für einen Teil zulassen "
        "(--allow-part).",
        name="{claims}: bei {vendor} klären, ob beide Namen dasselbe Modell meinen; wenn ja, mit --accept-model "
        "erneut prüfen.",
        format="{claims}: bei {vendor} das Promptformat erfragen und in der Liste der Angaben nennen, oder einen "
        "Endpunkt mit Log-Likelihoods prüfen.",
        share="{claims}: bei {vendor} eine Zahl erfragen, die ein Anteil richtiger Antworten ist, mit einer Antwort "
        "je Frage.",
        tolerance="{claims}: mit kleinerer Toleranz (--tolerance) oder mit einem anderen Benchmark prüfen.",
        sandbox="{claims}: auf einem Rechner mit Sandbox prüfen; steelyard doctor sagt, was hier fehlt.",
        world="{claims}: die Art von Modell prüfen, für die diese Aufgabe bestimmt ist.",
        role="{claims}: ein Modell für diese Rolle angeben (--model ROLE=URI).",
        report="{claims}: der Grund steht oben, die Einzelheiten in report.html.",
        test="Die weiteren Tests in report.html ansehen: {tests}.",
        compare="Für den Vergleich mit der Zahl eines Anbieters: diese in eine Liste der Angaben schreiben und "
        "steelyard audit ausführen.",
    ),
    who=Who(
        served="Endpunkt",
        named="angefragt als {asked}, antwortet als {answers}",
        alias="angegebener und gelieferter Name ohne gemeinsames Wort: einer gilt als Alias",
        two_models="den Namen nach zwei Modelle",
        accepted="den Namen nach zwei Modelle, als eines anerkannt",
        precision="nur einer der Namen nennt eine Genauigkeit",
        dates="Zeitpunkt",
        planned="Plan versiegelt am {planned}, vor dem ersten Aufruf.",
        sealed="Lauf versiegelt am {sealed}.",
        signature="Signatur",
        signed="mit dem Schlüssel {key}…",
        not_signed="nicht signiert: nicht nachweisbar, wer dies erstellt hat",
        order_chosen="wer dies ausgeführt hat, konnte die Reihenfolge der Fragen selbst wählen",
        no_ledger="wie oft dies mit dem Schlüssel schon gefragt wurde, ist unbekannt",
        audit_number="Prüfung Nr. {number} dieser Fragen mit diesem Schlüssel",
        audit_numbers="Prüfungen Nr. {number} dieser Fragen mit diesem Schlüssel",
        not_sealed="noch nicht versiegelt",
        software="Software",
        effort="Aufwand",
        calls="{calls} Aufrufe, etwa {time}, {prompt} Token gesendet und {completion} empfangen",
        cost="{amount}, zu den angegebenen Preisen: {price_in} gesendet und {price_out} empfangen, je Million Token",
        cached="; {price} für gesendete Token aus dem Zwischenspeicher des Endpunkts",
        reasoning="; {price} für Token des Nachdenkens",
    ),
    frame=Frame(
        title="Zusammenfassung einer Prüfung",
        measured_title="Zusammenfassung einer Messung",
        claimed_by="Angaben des Anbieters „{vendor}“",
        claimed_on="Angaben des Anbieters „{vendor}“ vom {date}",
        unfinished="Dieser Lauf ist nicht beendet und nicht versiegelt: Alle Zahlen können sich noch ändern.",
        claims="Angaben und Ergebnisse",
        measurements="Messergebnisse",
        task="Aufgabe",
        claim="Angabe",
        claimed="Angegeben",
        measured="Gemessen",
        interval="Intervall ({level})",
        meaning="Bedeutung",
        legend_claimed="angegeben",
        legend_band="gilt noch als vereinbar",
        legend_measured="gemessen, mit Intervall ({level})",
        findings="Befunde",
        tests="Weitere Tests",
        more="und {number} weitere, im Bericht",
        sure="Wie sicher ist das?",
        steps="Nächste Schritte",
        more_steps="Zu den übrigen Angaben siehe den Bericht.",
        who="Herkunft und Aufwand",
        check="Nachprüfung",
        check_how="Mit dem Ordner des Laufs lässt sich alles hier ohne Modell und ohne Netz nachrechnen:",
        root="Dabei erscheint die Prüfsumme (Merkle-Wurzel) {root}…",
        run="Lauf {run}",
        footer="Eine Zusammenfassung, nicht versiegelt; der versiegelte Bericht ist report.html im Ordner des Laufs.",
        footer_unsealed="Eine Zusammenfassung eines unfertigen Laufs, nicht versiegelt.",
    ),
)
