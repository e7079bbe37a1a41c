import { sign } from './pattern.js';

const NUMBER = String.raw`(?:\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)\b`;
const SHEET = String.raw`(?:pages?|sheets?|leaf|leaves|p\.|pg\.?)`;

/** What papers say of their own pages. */
const OF_PAPER = new RegExp(
  sign(
    [
      String.raw`page ${NUMBER} ?(?:of|/|-|through|to|and|&) ?${NUMBER}`,
      String.raw`
      (?:see|continued|cont['.]*d?\.?|(?:brought|carried) forward|refer(?:red)? to|turn to|found|stated|
      described|set forth|attached|go to|book ${NUMBER},?)(?: (?:also|on|from|at|to|of|the|in|
      over))* (?:(?:previous|preceding|next|following|reverse|first|last) )?page(?: ${NUMBER})?`,
      String.raw`
      (?:sign|initial|signed|initialed|initials|signatures?|
      signature block)(?: \w+){0,3} (?:page ${NUMBER}|(?:each|every|last|first|next|following|all) pages?)`,
      String.raw`
      (?:each|every|all|first|last) pages? of (?:this|the|your) (?:agreement|document|statement|form|
      contract|application|fax|packet|package|policy)`,
      String.raw`(?:total|number of) pages`,
      String.raw`(?:book|volume|liber) ${NUMBER},? (?:at )?page ${NUMBER}`,
    ].join('|'),
  ),
  'gu',
);

/**
 * Whether a page speaks of another, which is more than papers do of their own.
 *
 * @param own the page's number, by which it may call itself
 */
export function namesPage(folded: string, own: number): boolean {
  const itself = new RegExp(`${SHEET} ?(?:no\\.?|number|#)? ?${own}(?![\\d.])`, 'gu');
  return OTHER_PAGE.test(folded.replace(OF_PAPER, ' ').replace(itself, ' '));
}

const OTHER_PAGE = sign(
  [
    // By its number in a sentence: a number in a line of its own is what pages bear.
    String.raw`
      (?:\b(?:the|for|of|on|in|to|from|under|at|and|or|with|than) |(?:^| )(?:drop|skip|hide|empty|clear|
      omit|ignore|order|fill|copy|set|change|treat|answer|ditto) |\()${SHEET} ?(?:no\.?|number|
      #)? ?${NUMBER}`,
    String.raw`
      \b${SHEET} ?(?:no\.?|number|#)? ?${NUMBER}(?:'s|’s|,? (?:and|or) ${NUMBER}|,? (?:must|should|shall|
      is|are|was|has|have|had|will|may|can|does|do|did|gets?|belongs?|contains?|holds?|says?|needs?|
      answers?|fields?)\b| ?[:=] ?(?:drop|hide|add|fail|empty|skip|omit|ignore|set|remove|delete|clear|
      copy|leave|null|none|nothing|no|do|the|put|give|answer|report|change|replace|move|swap)\b)`,
    // By where it lies.
    String.raw`
      \b(?:previous|preceding|prior|earlier|later|next|other|another|remaining|neighbou?ring|adjacent|
      adjoining|opposite|facing) (?:\w+ )?(?:pages?|sheets?|leaf|leaves)\b`,
    String.raw`
      \b(?:on|in|from|to|onto|of|for|under|than|with|into|the) (?:the )?(?:first|second|third|
      fourth) (?:(?:two|three|few|\d) )?(?:pages?|sheets?)\b(?! of|$| [\d:])(?= \w| ?[,;.!?] ?\w)`,
    String.raw`\b(?:on|in|from|to|onto|of) the (?!signature|cover|last|next|same|back|front)\w+ page\b`,
    String.raw`
      \b(?:page|sheet|form|card|letter|application|certificate|document|leaf|one)s? (?:directly |
      immediately |just |that (?:comes |came |is |lies )?|which (?:comes |is )?)?(?:before|precedes|
      preceding|in front|ahead|overleaf|next to|beside)\b(?! (?:signing|you|the (?:closing|date|due)))`,
    String.raw`
      \boverleaf\b|\b(?:immediately |directly )?preceding (?:instrument|document|form|card|application|
      certificate|letter|record)`,
    String.raw`\b(?:this|the|your) (?:batch|context window)\b`,
    // In other languages.
    String.raw`
      (?<![a-z])(?:seiten?|blatt|pagina|paginas|pagine|feuillets?|feuilles?|hojas?|folhas?|fogli[o]?|
      bladzijden?|stron[aeyi]|stranky?|stran[aeuy]|arkusz\w{0,12}|karta|kart[ay]|sid[ae]n?|sayfa\w{0,12}|oldal\w{0,12}|
      sivu\w{0,12}|trang|halaman|pahina|paj)(?: (?:nr\.?|no\.?|n°|num\w{0,12}))? ?(?:\d{1,3}(?! ?(?:/|von|de|di|of|
      van|z|av|af|sur)\b)|anterior\w{0,12}|precedent\w{0,12}|suivant\w{0,12}|successiv\w{0,12}|siguiente|seguint\w{0,12}|un[oa]?\b|
      deux|dos|due|una|previa|vorher|zuvor|ki|ao lado)`,
    String.raw`
      (?<![a-z])(?:la|de la|a la|sur la|pour la|sa|zur|der|die|auf|ang|ng) page ?(?:no\.?|n°)? ?${NUMBER}`,
    String.raw`
      (?<![a-z])(?:vorblatt|deckblatt|ausgelesen|auslesen|consigne systeme|message systeme|
      mensaje del sistema|instruccion del sistema|messaggio di sistema|mensagem do sistema|
      komunikat systemow)`,
    String.raw`
      (?<![a-z])(?:stron\w{0,12}|kart\w{0,12}|stran\w{0,12}|strana) (?:pierwsz|drug|trzec|poprzedn|nastepn|prvn|druh|
      predchoz)`,
    String.raw`
      (?<![a-z])no (?:ha de|han de|debe[n]?|deve[m]?|debera) (?:ser )?(?:recog|figur|const|extra|leer|
      leid|lid|inclu)`,
    String.raw`
      (?<![a-z])(?:vorig|vorherig|vorhergehend|vorangehend|vorstehend|nachst|folgend|ander|ubrig|erst|
      zweit|letzt|vorletzt)\w{0,12} (?:seite|blatt|bogen|formular)`,
    String.raw`
      (?<![a-z])(?:autres?|premier\w{0,12}|deuxieme|seconde|prochain\w{0,12}|toutes les|derniere) (?:pages?|
      feuill\w+|fiches?)`,
    String.raw`
      (?<![a-z])(?:otr\w+|primer\w{0,12}|segund\w{0,12}|demas|proxim\w+|outr\w+|altr\w+|prim\w+|second\w+|
      prossim\w+|ultim\w+) (?:paginas?|hojas?|folhas?|pagin[ae]|fogli[o]?|fichas?)`,
    String.raw`
      (?<![a-z])(?:vorige|volgende|andere|eerste|tweede|laatste) (?:pagina|bladzijde|blad|formulier)`,
    String.raw`
      (?<![a-z])(?:poprzedni|nastepn|inn|pierwsz|drug|ostatni|predchoz|dals|jin|prvn|druh)\w{0,12} (?:stron|
      kart|arkusz|formularz|stran|list)`,
    String.raw`
      (?<![a-z])(?:foregaende|forrige|foregaaende|nasta|neste|naeste|andra|andre|forsta|forste) (?:sid|
      sider|ark)`,
    String.raw`
      (?<![a-z])(?:onceki|sonraki|diger|birinci|ilk|ikinci|son) sayfa|(?<![a-z])o sayfa|(?:elozo|
      kovetkezo|masik|elso) oldal|(?:edellis|seuraava|toise|ensimmais)\w{0,12} sivu|trang (?:truoc|sau|dau|
      khac)|halaman (?:sebelum|berikut|lain|pertama)`,
  ].join('|'),
);
