"""The sentences of the demo's news, each in English and German, by topic.

Slots stand in braces: ``h`` the noun as headlines write it, with number and colour or one of them
or neither, ``n`` number and colour with an article, ``k`` colour and noun, ``d`` definite with
colour, ``p`` definite without; ``x``, ``xh``, ``xd`` and ``xp`` are the topic's second object
likewise. German slots name
a case. ``[one|many]`` follows the main object's number, ``<up|down>`` the scene's direction.
"""

# ruff: noqa: E501 -- a table: each line is a sentence and its translation

from dataclasses import dataclass

from newsimages.corpora.demo.words import Both


@dataclass(frozen=True)
class Lines:
    """The sentences about a topic."""

    headlines: tuple[Both, ...]
    leads: tuple[Both, ...]
    """First sentences of a text: what happened."""
    facts: tuple[Both, ...]
    """Further sentences."""
    loose: tuple[Both, ...]
    """Headlines that hint at the topic at best."""
    doing: str
    """English predicates for the main object in a caption."""


LINES: dict[str, Lines] = {
    "fire": Lines(
        headlines=(
            ("Fire destroys {h} in {city}", "Feuer zerstört {h.acc} in {city}"),
            ("{h} [burns|burn] down in {city}", "{h.nom} [brennt|brennen] in {city} nieder"),
            ("Residents flee as {k} [burns|burn] {time}", "Bewohner fliehen: {k.nom} [brennt|brennen] {time}"),
            ("Blaze in {city}: {h} cannot be saved", "Großbrand in {city}: {h.nom} nicht zu retten"),
            ("Firefighters battle for {h} {weather}", "Feuerwehr kämpft {weather} um {h.acc}"),
            ("{xh} comes too late for {h}", "{xh.nom} kommt zu spät für {h.acc}"),
            ("Flames {where} cost {money}: {k} lost", "Flammen {where} kosten {money}: {k.nom} verloren"),
            ("Arson suspected after {h} [goes|go] up in flames", "Verdacht auf Brandstiftung: {h.nom} in Flammen"),
        ),
        leads=(
            ("A fire broke out in {n} {where} on {day}.", "In {n.dat} ist am {day} {where} ein Feuer ausgebrochen."),
            ("Flames destroyed {n} {where} on {day}.", "Flammen haben am {day} {where} {n.acc} zerstört."),
            ("On {day} {n} caught fire {where}.", "Am {day} [hat|haben] {where} {n.nom} Feuer gefangen."),
        ),
        facts=(
            ("{x} was first at the scene.", "{x.nom} war zuerst vor Ort."),
            ("Black smoke rose above {d}.", "Schwarzer Rauch stieg über {d.dat} auf."),
            ("The fire brigade fought the flames {time} {weather}.", "Die Feuerwehr kämpfte {time} {weather} gegen die Flammen."),
            ("The damage is put at {money}.", "Der Schaden wird auf {money} geschätzt."),
        ),
        loose=(
            ("Insurers expect a costly year", "Versicherer erwarten ein teures Jahr"),
            ("Neighbours ask how safe they are", "Nachbarn fragen, wie sicher sie sind"),
        ),
        doing="in flames",
    ),
    "flood": Lines(
        headlines=(
            ("Flood swallows {h} in {city}", "Flut verschluckt {h.acc} in {city}"),
            ("River bursts its banks: {h} under water", "Fluss tritt über die Ufer: {h.nom} unter Wasser"),
            ("{city} under water: {xh} saves families", "{city} unter Wasser: {xh.nom} rettet Familien"),
            ("High water traps {h} {where}", "Hochwasser schließt {h.acc} {where} ein"),
            ("Flood victims mourn {k} in {city}", "Flutopfer in {city} trauern um {k.acc}"),
            ("Water reaches {h} {time}", "Wasser erreicht {time} {h.acc}"),
            ("Dam breaks {weather}: {k} flooded", "Damm bricht {weather}: {k.nom} überflutet"),
            ("Flood costs {money}: {h} hit", "Flut kostet {money}: {h.nom} getroffen"),
        ),
        leads=(
            ("The flood reached {n} {where} on {day}.", "Das Hochwasser hat am {day} {where} {n.acc} erreicht."),
            ("On {day} {n} stood in deep water {where}.", "Am {day} [stand|standen] {where} {n.nom} tief im Wasser."),
            ("A river flooded {n} {where} on {day}.", "Ein Fluss hat am {day} {where} {n.acc} überflutet."),
        ),
        facts=(
            ("Helpers brought people to safety in {x}.", "Helfer brachten Menschen mit {x.dat} in Sicherheit."),
            ("Only the upper half of {d} could be seen.", "Von {d.dat} war nur die obere Hälfte zu sehen."),
            ("The water kept rising {time} {weather}.", "Das Wasser stieg {time} {weather} weiter."),
            ("Repairs will cost {money}.", "Die Reparaturen werden {money} kosten."),
        ),
        loose=(
            ("Clean-up begins, anger remains", "Das Aufräumen beginnt, der Ärger bleibt"),
            ("Villages wait for promised help", "Dörfer warten auf versprochene Hilfe"),
        ),
        doing="standing in flood water",
    ),
    "accident": Lines(
        headlines=(
            ("{h} [crashes|crash] into {x} in {city}", "{h.nom} [kracht|krachen] in {city} gegen {x.acc}"),
            ("Several hurt in crash with {h}", "Mehrere Verletzte bei Unfall mit {h.dat}"),
            ("Crash {where}: {h} and {x} wrecked", "Unfall {where}: {h.nom} und {x.nom} zerstört"),
            ("Road closed for hours after {h} [crashes|crash] {weather}", "Straße stundenlang gesperrt: Unfall mit {h.dat} {weather}"),
            ("Driver of {k} flees after crash in {city}", "Fahrer flieht nach Unfall mit {k.dat} in {city}"),
            ("Crash {time}: {h} and {x} collide", "Unfall {time}: {h.nom} und {x.nom} stoßen zusammen"),
            ("{city} wants speed limit after crash of {h}", "{city} will Tempolimit nach Unfall mit {h.dat}"),
        ),
        leads=(
            ("{n} collided with {x} {where} on {day}.", "Am {day} [ist|sind] {where} {n.nom} mit {x.dat} zusammengestoßen."),
            ("Several people were hurt in an accident with {n} {where} on {day}.", "Bei einem Unfall mit {n.dat} sind am {day} {where} mehrere Menschen verletzt worden."),
        ),
        facts=(
            ("{xd} was badly damaged.", "{xd.nom} wurde schwer beschädigt."),
            ("The accident happened {time} {weather}.", "Der Unfall geschah {time} {weather}."),
            ("People from {d} were taken to hospital.", "Menschen aus {d.dat} kamen ins Krankenhaus."),
            ("The road was closed for several hours.", "Die Straße war mehrere Stunden gesperrt."),
        ),
        loose=(
            ("Parliament debates a new speed limit", "Parlament streitet über neues Tempolimit"),
            ("Fewer deaths, more delays", "Weniger Tote, mehr Verspätungen"),
        ),
        doing="damaged in a road accident",
    ),
    "election": Lines(
        headlines=(
            ("{city} votes: {h} in focus", "{city} wählt: {h.nom} im Mittelpunkt"),
            ("Close race in {city} with {h}", "Enges Rennen in {city} mit {h.dat}"),
            ("Coalition in doubt after vote with {h}", "Koalition wackelt nach Wahl mit {h.dat}"),
            ("Voters punish government: {h} before {xh}", "Wähler strafen Regierung ab: {h.nom} vor {xh.dat}"),
            ("Dispute over {h} before the election", "Streit um {h.acc} vor der Wahl"),
            ("Campaign {where} starts with {h}", "Wahlkampf {where} beginnt mit {h.dat}"),
            ("Turnout falls {weather}: {k} in {city}", "Wahlbeteiligung sinkt {weather}: {k.nom} in {city}"),
            ("Candidates promise {money} before {xh}: {k}", "Kandidaten versprechen {money} vor {xh.dat}: {k.nom}"),
        ),
        leads=(
            ("{n} [was|were] ready for the election {where} on {day}.", "Am {day} [stand|standen] {where} {n.nom} für die Wahl bereit."),
            ("Voters in {city} saw {n} on {day}.", "Die Wähler in {city} sahen am {day} {n.acc}."),
        ),
        facts=(
            ("Behind {p} hung {x}.", "Hinter {p.dat} hing {x.nom}."),
            ("The vote went on {time} {weather}.", "Die Wahl ging {time} {weather} weiter."),
            ("The opposition complained about {d}.", "Die Opposition beschwerte sich über {d.acc}."),
            ("The parties had spent {money}.", "Die Parteien hatten {money} ausgegeben."),
        ),
        loose=(
            ("Trust in government at new low", "Vertrauen in die Regierung auf neuem Tief"),
            ("Who will lead the country now?", "Wer führt nun das Land?"),
        ),
        doing="ready for the election",
    ),
    "football": Lines(
        headlines=(
            ("{city} celebrates {h} after late win", "{city} feiert {h.acc} nach spätem Sieg"),
            ("{h} [brings|bring] hope to {city}", "{h.nom} [macht|machen] {city} Hoffnung"),
            ("Cup shock in {city}: {h} at {xd}", "Pokalsensation in {city}: {h.nom} an {xd.dat}"),
            ("Coach praises {h} after match {weather}", "Trainer lobt {h.acc} nach Spiel {weather}"),
            ("Title race open again: {h} {where}", "Titelkampf wieder offen: {h.nom} {where}"),
            ("Late goal {time}: {k} in focus", "Spätes Tor {time}: {k.nom} im Mittelpunkt"),
            ("{money} for the club: joy over {h}", "{money} für den Verein: Jubel um {h.acc}"),
        ),
        leads=(
            ("At the match {where} on {day} everyone looked at {n}.", "Beim Spiel {where} schauten am {day} alle auf {n.acc}."),
            ("{n} made the difference in {city} on {day}.", "{n.nom} [machte|machten] am {day} in {city} den Unterschied."),
        ),
        facts=(
            ("The winning shot hit {x}.", "Der entscheidende Schuss traf {x.acc}."),
            ("The match was played {time} {weather}.", "Das Spiel wurde {time} {weather} ausgetragen."),
            ("The coach spoke about {d}.", "Der Trainer sprach über {d.acc}."),
            ("The club earns {money}.", "Der Verein verdient {money}."),
        ),
        loose=(
            ("Season enters its decisive weeks", "Saison geht in die entscheidenden Wochen"),
            ("A club dreams of better days", "Ein Verein träumt von besseren Tagen"),
        ),
        doing="on the football pitch",
    ),
    "stocks": Lines(
        headlines=(
            ("Shares <rise|fall> in {city}: {h} [points|point] <up|down>", "Aktien <steigen|fallen> in {city}: {h.nom} [zeigt|zeigen] <nach oben|nach unten>"),
            ("Investors <cheer|worried>: {h} <up|down>", "Anleger <jubeln|bangen>: {h.nom} <im Plus|im Minus>"),
            ("Markets <soar|slump>: {k} <at record high|at new low>", "Börsen <im Höhenflug|im Keller>: {k.nom} <auf Rekordhoch|auf neuem Tief>"),
            ("Banks <gain|lose> {money} as {xh} points <up|down>", "Banken <gewinnen|verlieren> {money}: {xh.nom} zeigt <nach oben|nach unten>"),
            ("Economy <grows|shrinks>: {h} [shows|show] <boom|crisis>", "Wirtschaft <wächst|schrumpft>: {h.nom} [zeigt|zeigen] <Aufschwung|Krise>"),
            ("Prices <up|down> again, {h} in focus", "Preise wieder <höher|niedriger>, {h.nom} im Blick"),
            ("Traders in {city} <buy|sell>: {k} <up|down>", "Händler in {city} <kaufen|verkaufen>: {k.nom} <im Plus|im Minus>"),
        ),
        leads=(
            ("Share prices in {city} went <up|down> on {day}, as {n} showed.", "Die Aktienkurse in {city} sind am {day} <gestiegen|gefallen>, wie {n.nom} [zeigte|zeigten]."),
            ("{n} showed on {day} that the economy <grows|shrinks>.", "{n.nom} [zeigte|zeigten] am {day}, dass die Wirtschaft <wächst|schrumpft>."),
        ),
        facts=(
            ("On the screen {x} points <up|down>.", "Auf dem Bildschirm zeigt {x.nom} <nach oben|nach unten>."),
            ("Traders did not take their eyes off {d}.", "Die Händler ließen {d.acc} nicht aus den Augen."),
            ("Investors <gained|lost> {money}.", "Die Anleger haben {money} <gewonnen|verloren>."),
            ("The stock exchange closed {time}.", "Die Börse schloss {time}."),
        ),
        loose=(
            ("What savers should know now", "Was Sparer jetzt wissen sollten"),
            ("Central bank keeps everyone waiting", "Zentralbank lässt alle warten"),
        ),
        doing="on a stock market chart",
    ),
    "storm": Lines(
        headlines=(
            ("Storm hits {city}: {h} torn away", "Sturm trifft {city}: {h.nom} weggerissen"),
            ("Gale wrecks {h} {where}", "Orkan zerstört {h.acc} {where}"),
            ("Weather service warns {city} after storm damage to {h}", "Wetterdienst warnt {city} nach Sturmschaden an {h.dat}"),
            ("Storm {time}: {h} in the wind", "Sturm {time}: {h.nom} im Wind"),
            ("Storm leaves {h} and {x} damaged", "Sturm beschädigt {h.acc} und {x.acc}"),
            ("Wind brings down {k}, schools closed", "Wind reißt {k.acc} um, Schulen geschlossen"),
            ("Storm {weather} costs {city} {money}", "Sturm {weather} kostet {city} {money}"),
        ),
        leads=(
            ("A storm caught {n} {where} on {day}.", "Ein Sturm hat am {day} {where} {n.acc} erfasst."),
            ("Strong wind damaged {n} {where} on {day}.", "Starker Wind hat am {day} {where} {n.acc} beschädigt."),
        ),
        facts=(
            ("Only {x} stayed in its place.", "Nur {x.nom} blieb an Ort und Stelle."),
            ("The wind pulled at {d}.", "Der Wind zerrte an {d.dat}."),
            ("The storm came {time} {weather}.", "Der Sturm kam {time} {weather}."),
            ("The damage amounts to {money}.", "Der Schaden beträgt {money}."),
        ),
        loose=(
            ("Climate report alarms scientists", "Klimabericht alarmiert Forscher"),
            ("Schools stay closed for another day", "Schulen bleiben einen weiteren Tag zu"),
        ),
        doing="in a strong wind",
    ),
    "rail": Lines(
        headlines=(
            ("Rail strike stops {h} in {city}", "Bahnstreik stoppt {h.acc} in {city}"),
            ("Passengers stranded: {h} stuck {where}", "Reisende sitzen fest: {h.nom} {where} gestoppt"),
            ("Railway orders {h} for {money}", "Bahn bestellt {h.acc} für {money}"),
            ("Delays in {city}: {h} and {x} out of order", "Verspätungen in {city}: {h.nom} und {x.nom} defekt"),
            ("New line to {city} opens with {h}", "Neue Strecke nach {city} öffnet mit {h.dat}"),
            ("Railway in chaos {weather}: {k} late", "Bahnchaos {weather}: {k.nom} verspätet"),
            ("Travellers angry: {k} cancelled {time}", "Reisende verärgert: {k.nom} {time} gestrichen"),
        ),
        leads=(
            ("{n} stopped on the line {where} on {day}.", "Am {day} [hielt|hielten] {where} {n.nom} auf der Strecke."),
            ("Passengers waited for {n} {where} on {day}.", "Fahrgäste warteten am {day} {where} auf {n.acc}."),
        ),
        facts=(
            ("Beside the track stood {x}.", "Neben dem Gleis stand {x.nom}."),
            ("Trains ran late {time} {weather}.", "Die Züge fuhren {time} {weather} verspätet."),
            ("The railway praised {d}.", "Die Bahn lobte {d.acc}."),
            ("The line costs {money}.", "Die Strecke kostet {money}."),
        ),
        loose=(
            ("Commuters lose patience", "Pendler verlieren die Geduld"),
            ("Union and employers talk again", "Gewerkschaft und Arbeitgeber reden wieder"),
        ),
        doing="on the railway line",
    ),
    "aviation": Lines(
        headlines=(
            ("{h} <[takes|take] off|[lands|land]> in {city}", "{h.nom} <[startet|starten]|[landet|landen]> in {city}"),
            ("Airline bets on {h} in {city}", "Fluggesellschaft setzt in {city} auf {h.acc}"),
            ("Emergency in {city}: {h} <in the air|on the ground>", "Notfall in {city}: {h.nom} <in der Luft|am Boden>"),
            ("Alarm {time}: {h} above {xh}", "Alarm {time}: {h.nom} über {xh.dat}"),
            ("Air traffic halted {weather}: {k} affected", "Luftverkehr {weather} gestoppt: {k.nom} betroffen"),
            ("Noise from {h} angers people {where}", "Lärm von {h.dat} ärgert Menschen {where}"),
            ("Investigators examine {h} after <take-off|landing>", "Ermittler prüfen {h.acc} nach <Start|Landung>"),
        ),
        leads=(
            ("{n} [was|were] seen <climbing|coming down> {where} on {day}.", "Am {day} [ist|sind] {where} {n.nom} <aufgestiegen|gelandet>."),
            ("People {where} looked up at {n} on {day}.", "Die Menschen {where} schauten am {day} auf {n.acc}."),
        ),
        facts=(
            ("On the ground {x} could be seen.", "Am Boden war {x.nom} zu sehen."),
            ("The <take-off|landing> took place {time} {weather}.", "<Der Start|Die Landung> erfolgte {time} {weather}."),
            ("Experts examined {d}.", "Fachleute untersuchten {d.acc}."),
            ("The airline paid {money}.", "Die Fluggesellschaft zahlte {money}."),
        ),
        loose=(
            ("Holiday prices keep climbing", "Urlaubspreise steigen weiter"),
            ("Travel plans on hold", "Reisepläne liegen auf Eis"),
        ),
        doing="in the sky",
    ),
    "harbour": Lines(
        headlines=(
            ("{h} [blocks|block] harbour of {city}", "{h.nom} [blockiert|blockieren] Hafen von {city}"),
            ("Trade grows: {h} [arrives|arrive] in {city}", "Handel wächst: {h.nom} [erreicht|erreichen] {city}"),
            ("Coastguard stops {h} near {xh}", "Küstenwache stoppt {h.acc} nahe {xh.dat}"),
            ("Crew rescued from {h} {weather}", "Besatzung von {h.dat} {weather} gerettet"),
            ("Dockers strike, {h} must wait", "Hafenarbeiter streiken, {h.nom} [muss|müssen] warten"),
            ("Smugglers caught on {k} {time}", "Schmuggler {time} auf {k.dat} gefasst"),
            ("Shipping company buys {h} for {money}", "Reederei kauft {h.acc} für {money}"),
        ),
        leads=(
            ("{n} entered the harbour of {city} on {day}.", "Am {day} [lief|liefen] {n.nom} in den Hafen von {city} ein."),
            ("The coastguard watched {n} off {city} on {day}.", "Die Küstenwache beobachtete am {day} {n.acc} vor {city}."),
        ),
        facts=(
            ("The course led past {x}.", "Der Kurs führte an {x.dat} vorbei."),
            ("The crew worked {time} {weather}.", "Die Besatzung arbeitete {time} {weather}."),
            ("Customs officers searched {d}.", "Zollbeamte durchsuchten {d.acc}."),
            ("The cargo is worth {money}.", "Die Ladung ist {money} wert."),
        ),
        loose=(
            ("Trade dispute enters next round", "Handelsstreit geht in die nächste Runde"),
            ("Supplies run short before winter", "Vorräte werden vor dem Winter knapp"),
        ),
        doing="on the water",
    ),
    "protest": Lines(
        headlines=(
            ("{crowd} people march in {city} with {h}", "{crowd} Menschen ziehen mit {h.dat} durch {city}"),
            ("Protest grows: {h} {where}", "Protest wächst: {h.nom} {where}"),
            ("Anger at government: {h} before {xh}", "Wut auf die Regierung: {h.nom} vor {xh.dat}"),
            ("Demonstrators defy ban {weather} with {h}", "Demonstranten trotzen {weather} dem Verbot mit {h.dat}"),
            ("Minister gives in after protest with {k}", "Ministerin gibt nach Protest mit {k.dat} nach"),
            ("{city} bans {k} at rally {time}", "{city} verbietet {k.acc} bei Kundgebung {time}"),
            ("Strike in {city}: unions show {h}", "Streik in {city}: Gewerkschaften zeigen {h.acc}"),
        ),
        leads=(
            ("{crowd} people protested with {n} {where} on {day}.", "{crowd} Menschen haben am {day} {where} mit {n.dat} protestiert."),
            ("On {day} demonstrators carried {n} through {city}.", "Am {day} trugen Demonstranten {n.acc} durch {city}."),
        ),
        facts=(
            ("The speakers stood on {x}.", "Die Redner standen auf {x.dat}."),
            ("The crowd stayed {time} {weather}.", "Die Menge blieb {time} {weather}."),
            ("Many people gathered around {d}.", "Viele Menschen versammelten sich um {d.acc}."),
            ("The unions demand {money}.", "Die Gewerkschaften fordern {money}."),
        ),
        loose=(
            ("Government looks for a way out", "Regierung sucht einen Ausweg"),
            ("A country argues about its future", "Ein Land streitet über seine Zukunft"),
        ),
        doing="held up by a crowd at a protest",
    ),
    "energy": Lines(
        headlines=(
            ("{city} gets power from {h}", "{city} bekommt Strom von {h.dat}"),
            ("Power prices fall thanks to {h}", "Strompreise sinken dank {h.dat}"),
            ("Residents sue over {h} {where}", "Anwohner klagen gegen {h.acc} {where}"),
            ("Power cut {time}: {h} out of order", "Stromausfall {time}: {h.nom} defekt"),
            ("Energy firm invests {money} in {h}", "Energiekonzern steckt {money} in {h.acc}"),
            ("Grid at its limit {weather}: {k} and {x}", "Stromnetz {weather} am Limit: {k.nom} und {x.nom}"),
            ("Minister opens {h} in {city}", "Ministerin eröffnet {h.acc} in {city}"),
        ),
        leads=(
            ("{n} [has|have] been supplying power {where} since {day}.", "Seit {day} [liefert|liefern] {where} {n.nom} Strom."),
            ("A company presented {n} {where} on {day}.", "Ein Unternehmen hat am {day} {where} {n.acc} vorgestellt."),
        ),
        facts=(
            ("The power flows to {x}.", "Der Strom fließt zu {x.dat}."),
            ("The plant ran well {time} {weather}.", "Die Anlage lief {time} {weather} gut."),
            ("Some residents want to be rid of {d}.", "Manche Anwohner wollen {d.acc} loswerden."),
            ("The plant cost {money}.", "Die Anlage kostete {money}."),
        ),
        loose=(
            ("Climate goals move out of reach", "Klimaziele rücken in weite Ferne"),
            ("Households dread the next bill", "Haushalte fürchten die nächste Rechnung"),
        ),
        doing="producing electricity",
    ),
    "farming": Lines(
        headlines=(
            ("Farmers in {city} fear for {h}", "Bauern in {city} bangen um {h.acc}"),
            ("{h} safe from thieves in {city}", "{h.nom} in {city} vor Dieben sicher"),
            ("Harvest in danger {weather}: {h} needed", "Ernte {weather} in Gefahr: {h.nom} gefragt"),
            ("Milk price falls: farm sells {h}", "Milchpreis fällt: Hof verkauft {h.acc}"),
            ("Thieves steal {h} {time}", "Diebe stehlen {time} {h.acc}"),
            ("Farm {where} spends {money} on {k}", "Hof {where} gibt {money} für {k.acc} aus"),
            ("Farmers show {k} and {xh} in {city}", "Bauern zeigen {k.acc} und {xh.acc} in {city}"),
        ),
        leads=(
            ("A farmer {where} showed {n} on {day}.", "Ein Bauer {where} hat am {day} {n.acc} gezeigt."),
            ("{n} could be seen {where} on {day}.", "Am {day} [war|waren] {where} {n.nom} zu sehen."),
        ),
        facts=(
            ("The feed comes from {x}.", "Das Futter kommt aus {x.dat}."),
            ("The farmers were out {time} {weather}.", "Die Bauern waren {time} {weather} draußen."),
            ("The farm wants to keep {d}.", "Der Hof will {d.acc} behalten."),
            ("Farmers have lost {money}.", "Die Bauern haben {money} verloren."),
        ),
        loose=(
            ("Food prices rise again", "Lebensmittel werden wieder teurer"),
            ("Young people leave the countryside", "Junge Leute verlassen das Land"),
        ),
        doing="on a farm",
    ),
    "health": Lines(
        headlines=(
            ("Doctors in {city} ask for {h}", "Ärzte in {city} bitten um {h.acc}"),
            ("Virus spreads: {h} for {city}", "Virus breitet sich aus: {h.nom} für {city}"),
            ("Clinics at their limit: {h} needed", "Kliniken am Limit: {h.nom} nötig"),
            ("Minister promises {h} {where}", "Ministerin verspricht {h.acc} {where}"),
            ("Patients wait {weather}: {h} before {xh}", "Patienten warten {weather}: {h.nom} vor {xh.dat}"),
            ("Health insurers pay {money} for {h}", "Krankenkassen zahlen {money} für {h.acc}"),
            ("Nurses on duty {time}: {k} in {city}", "Pfleger {time} im Dienst: {k.nom} in {city}"),
        ),
        leads=(
            ("A hospital {where} received {n} on {day}.", "Ein Krankenhaus {where} hat am {day} {n.acc} erhalten."),
            ("Doctors {where} got {n} ready on {day}.", "Ärzte {where} haben am {day} {n.acc} bereitgestellt."),
        ),
        facts=(
            ("Patients were taken to {x}.", "Die Patienten wurden in {x.acc} gebracht."),
            ("The nurses worked {time} {weather}.", "Die Pfleger arbeiteten {time} {weather}."),
            ("The doctors rely on {d}.", "Die Ärzte verlassen sich auf {d.acc}."),
            ("The country provides {money}.", "Das Land gibt {money}."),
        ),
        loose=(
            ("How we will live longer", "Wie wir länger leben werden"),
            ("Contributions rise next year", "Beiträge steigen im nächsten Jahr"),
        ),
        doing="at a clinic",
    ),
    "police": Lines(
        headlines=(
            ("Police close off {city} with {h}", "Polizei riegelt {city} mit {h.dat} ab"),
            ("Bomb alarm in {city}: {h} around {xh}", "Bombenalarm in {city}: {h.nom} um {xh.acc}"),
            ("Robbers escape, {h} in action", "Räuber entkommen, {h.nom} im Einsatz"),
            ("Suspect arrested {where}: {h} in action", "Verdächtiger {where} gefasst: {h.nom} im Einsatz"),
            ("Search {time}: police use {h}", "Fahndung {time}: Polizei setzt {h.acc} ein"),
            ("Manhunt {weather}: {k} in {city}", "Großfahndung {weather}: {k.nom} in {city}"),
            ("Thieves steal {money}, {k} too late", "Diebe erbeuten {money}, {k.nom} zu spät"),
        ),
        leads=(
            ("The police placed {n} {where} on {day}.", "Die Polizei hat am {day} {where} {n.acc} aufgestellt."),
            ("After an alarm on {day} {n} stood {where}.", "Nach einem Alarm [stand|standen] am {day} {where} {n.nom}."),
        ),
        facts=(
            ("On the road officers found {x}.", "Auf der Straße fanden Beamte {x.acc}."),
            ("The search went on {time} {weather}.", "Die Suche ging {time} {weather} weiter."),
            ("Nobody was allowed past {d}.", "Niemand durfte an {d.dat} vorbei."),
            ("The robbers took {money}.", "Die Räuber erbeuteten {money}."),
        ),
        loose=(
            ("Crime figures cause dispute", "Kriminalstatistik sorgt für Streit"),
            ("Court postpones its verdict", "Gericht verschiebt sein Urteil"),
        ),
        doing="at a police operation",
    ),
    "space": Lines(
        headlines=(
            ("{h} <on the way to|back from> {xd}", "{h.nom} <auf dem Weg zu|zurück von> {xd.dat}"),
            ("Space agency <sends|awaits> {h}", "Raumfahrtbehörde <schickt|erwartet> {h.acc}"),
            ("Researchers in {city} <cheer launch|await return> of {h}", "Forscher in {city} <jubeln|warten>: {h.nom} <im All|auf dem Rückweg>"),
            ("Mission for {money}: {h} <on the way out|on the way back>", "Mission für {money}: {h.nom} <auf dem Hinweg|auf dem Rückweg>"),
            ("{city} looks up: {h} near {xh}", "{city} schaut nach oben: {h.nom} nahe {xh.dat}"),
            ("Launch {time}: {k} before historic mission", "Start {time}: {k.nom} vor historischer Mission"),
        ),
        leads=(
            ("Researchers in {city} reported on {day} that {n} [is|are] in space.", "Forscher in {city} meldeten am {day}, dass {n.nom} im All [ist|sind]."),
            ("The space agency showed {n} on {day}.", "Die Raumfahrtbehörde hat am {day} {n.acc} gezeigt."),
        ),
        facts=(
            ("In the background shines {x}.", "Im Hintergrund leuchtet {x.nom}."),
            ("The <launch|return> is a success.", "<Der Start|Die Rückkehr> ist ein Erfolg."),
            ("Researchers hope for pictures of {d}.", "Die Forscher hoffen auf Bilder von {d.dat}."),
            ("The mission costs {money}.", "Die Mission kostet {money}."),
        ),
        loose=(
            ("Researchers ask for more funding", "Forscher bitten um mehr Geld"),
            ("Old question, new answer", "Alte Frage, neue Antwort"),
        ),
        doing="in space",
    ),
    "construction": Lines(
        headlines=(
            ("{city} builds: {h} at work", "{city} baut: {h.nom} im Einsatz"),
            ("Housing shortage: work begins with {h} {where}", "Wohnungsnot: Baubeginn mit {h.dat} {where}"),
            ("Building costs explode: {h} idle", "Baukosten explodieren: {h.nom} ohne Arbeit"),
            ("Building firm bankrupt: {h} idle in {city}", "Baufirma pleite: {h.nom} in {city} ohne Arbeit"),
            ("Project for {money} begins with {h}", "Projekt für {money} beginnt mit {h.dat}"),
            ("Building stopped {weather}: {k} before {xh}", "Baustopp {weather}: {k.nom} vor {xh.dat}"),
            ("Noise {time}: neighbours sue over {k}", "Lärm {time}: Nachbarn klagen gegen {k.acc}"),
        ),
        leads=(
            ("Building began {where} on {day} with {n}.", "Mit {n.dat} hat am {day} {where} der Bau begonnen."),
            ("On {day} {n} could be seen on a building site {where}.", "Am {day} [war|waren] {where} {n.nom} auf einer Baustelle zu sehen."),
        ),
        facts=(
            ("{x} is almost finished.", "{x.nom} ist fast fertig."),
            ("Work goes on {time} {weather}.", "Die Arbeit geht {time} {weather} weiter."),
            ("The company needs {d} for two more years.", "Die Firma braucht {d.acc} noch zwei Jahre."),
            ("The project costs {money}.", "Das Projekt kostet {money}."),
        ),
        loose=(
            ("Rents reach new record", "Mieten erreichen neuen Rekord"),
            ("Young families give up", "Junge Familien geben auf"),
        ),
        doing="on a building site",
    ),
}  # fmt: skip

LOOSE: tuple[Both, ...] = (
    ("A year that changed everything", "Ein Jahr, das alles verändert hat"),
    ("What matters this week", "Was diese Woche wichtig ist"),
    ("Nobody saw it coming", "Niemand hat es kommen sehen"),
    ("The long way back", "Der lange Weg zurück"),
    ("Comment: courage pays", "Kommentar: Mut zahlt sich aus"),
    ("The morning news at a glance", "Die Nachrichten am Morgen im Überblick"),
)
LOOSE_PLACED: tuple[Both, ...] = (
    ("A day that {city} will remember", "Ein Tag, an den sich {city} erinnern wird"),
    ("Questions remain in {city}", "In {city} bleiben Fragen offen"),
    ("Why {city} is worried now", "Warum sich {city} jetzt sorgt"),
)

BACKGROUND: tuple[Both, ...] = (
    ("{who} spoke of a difficult day.", "{who} sprach von einem schwierigen Tag."),
    ("{who} said that help was on its way.", "{who} sagte, Hilfe sei unterwegs."),
    ("{who} called for calm.", "{who} rief zur Ruhe auf."),
    ("{who} promised a quick answer.", "{who} versprach eine schnelle Antwort."),
    ("{who} did not want to comment.", "{who} wollte sich nicht äußern."),
    ("The cause is still unclear.", "Die Ursache ist noch unklar."),
    ("A decision is expected on {day}.", "Eine Entscheidung wird am {day} erwartet."),
    ("The government will discuss it on {day}.", "Die Regierung wird am {day} darüber beraten."),
    ("{crowd} people came to watch.", "{crowd} Menschen kamen, um zuzusehen."),
    ("It is the second time this year.", "Es ist das zweite Mal in diesem Jahr."),
    ("Last year there was a similar case in {city}.", "Im vergangenen Jahr gab es in {city} einen ähnlichen Fall."),
    ("The newspapers had been reporting on it for weeks.", "Die Zeitungen hatten seit Wochen darüber berichtet."),
)  # fmt: skip

EXCLAIMED: tuple[str, ...] = ("Breaking", "Update", "Live", "Just in", "Watch")
"""Words that short posts put before a headline."""

CAPTIONS: tuple[str, ...] = (
    "{n} {doing} {where} {weather} {time}.",
    "{h} {doing} {time}, with {x} in the background, {where}.",
    "{n} {doing}, {city}, {day}.",
    "The picture shows {n} {doing} {weather}.",
    "{n} and {x} {where}.",
    "{n} {doing} {time}.",
    "{city}: {k} {doing} {weather}, in the background {x}.",
    "{n} {where}, seen {time}.",
    "View of {n} {doing} {weather}.",
    "{h} next to {x} on {day} in {city}.",
)

AGENCY_CAPTIONS: tuple[str, ...] = (
    "{city}, {date} – {n} with {x}, {weather}, {time}. Photo: {credit}",
    "{n}, photographed {time} {where}, {x} behind. {credit}",
    "General view of {n} {weather} {time}, {date}. {credit}",
    "{n} with {x} behind, {where}, {weather}, {date} / {credit}",
    "File picture dated {date}: {n} {where} {time}. {credit}",
    "Stock picture: {n} {where} {weather}, {time} ({credit})",
    "Archive, {date}: {n} and {x}, {weather}, {time}. Photo: {credit}",
    "Close-up of {n} {weather} in {city}, {x} in the distance ({credit})",
)
"""What an agency writes about a picture for its archive; no article has such sentences."""

CREDITS: tuple[str, ...] = (
    "Lumen/A. Rossi",
    "Lumen/K. Jensen",
    "Northlight Images",
    "Alto Press/M. Novak",
    "Alto Press/handout",
    "S. Laurent",
)
