/**
 * Signs that a page's text speaks to the model that reads it, instead of to a person: it addresses a program,
 * orders what is to be answered, names the keys or rules of an answer, other pages by their number, or roles
 * of a conversation (docs/hostile-pages.md). Such a page is asked about alone, so that it can change no other
 * page. A sign is no verdict: what the page says is read as ever, and a wrong sign costs one call.
 */
export function speaksToModel(pageText: string): boolean {
  const text = pageText.slice(0, MAX_TEXT).replace(PAGE_TAG, ' ');
  return namesField(text) || [text, ...hidden(text)].some(isAddressed);
}

function isAddressed(text: string): boolean {
  const plain = plainForm(text);
  const folded = foldedForm(plain);
  return SCRIPTS.test(plain) || LATIN.some((sign) => sign.test(folded)) || namesPage(folded);
}

/** Tags in page text are neutralised before they are sent, and change nothing. */
const PAGE_TAG = /<\s*\/?\s*page(?:\s+number\s*=\s*"\d*")?\s*\/?>/gi;

/** More than is sent of a page. */
const MAX_TEXT = 24_000;

/** A word of a page may be told from the next by any white space; marks nobody sees part no word. */
function plainForm(text: string): string {
  return text
    .normalize('NFKC')
    .slice(0, MAX_TEXT)
    .replace(/[\p{Cf}\p{Variation_Selector}\u034f\u115f\u1160\u3164]/gu, '')
    .toLowerCase()
    .replace(/-\s*\n\s*/g, '')
    .replace(/\s+/g, ' ');
}

/** Letters of other scripts that look like Latin ones. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  ...{ а: 'a', в: 'b', с: 'c', е: 'e', ё: 'e', һ: 'h', і: 'i', ї: 'i', ј: 'j', к: 'k', м: 'm', н: 'h' },
  ...{ о: 'o', р: 'p', ѕ: 's', т: 't', у: 'y', х: 'x', ԁ: 'd', ԛ: 'q', ԝ: 'w', ɡ: 'g', ı: 'i', ł: 'l' },
  ...{ α: 'a', β: 'b', ε: 'e', η: 'n', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x' },
};
const LEET: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' },
};

/** Without accents, and words that mix scripts in Latin letters alone. */
function foldedForm(plain: string): string {
  const bare = plain
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/ß/g, 'ss')
    .replace(/ø/g, 'o')
    .replace(/ł/g, 'l');
  return bare.replace(/\p{L}+/gu, (word) => (/[a-z]/.test(word) ? spelt(word, LOOKALIKES) : word));
}

function spelt(word: string, letters: Readonly<Record<string, string>>): string {
  return /^[a-z]+$/.test(word) ? word : Array.from(word, (letter) => letters[letter] ?? letter).join('');
}

/** What a text hides from those who look for words: spelt out, in digits, hyphens, base64, escapes, turned round. */
function hidden(text: string): string[] {
  const lower = text.toLowerCase();
  const found = [
    ...Array.from(text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g), ([run]) =>
      printable(Buffer.from(run, 'base64')),
    ),
    ...Array.from(text.matchAll(/(?:[0-9a-f]{2}){8,}/gi), ([run]) => printable(Buffer.from(run, 'hex'))),
  ];
  const escaped = text
    .replace(/&#x([0-9a-f]{2,5});/gi, (_, code: string) => character(Number.parseInt(code, 16)))
    .replace(/&#(\d{2,6});/g, (_, code: string) => character(Number(code)))
    .replace(/(?:%|\\x|\\u00)([0-9a-f]{2})/gi, (_, code: string) => character(Number.parseInt(code, 16)));
  if (escaped !== text) found.push(escaped);
  // "i g n o r e   i t": single letters, one separator each; words are parted by more.
  const spelledOut =
    text.match(/(?<!\S)\p{L}(?:[ ._*·|~-]\p{L}){3,}(?!\S)(?:\s{1,8}\S(?:[ ._*·|~-]\S)*(?!\S))*/gu) ?? [];
  for (const run of spelledOut) {
    const words = run.split(/\s{2,}/).map((word) => word.replace(/[ ._*·|~-]/g, ''));
    found.push(words.join(' '));
    if (words.length === 1 && COMPACT.test(run.replace(/[^\p{L}]/gu, '').toLowerCase())) found.push('json');
  }
  const leet = lower.replace(/[a-z\d@$]+/g, (word) => (/[a-z]/.test(word) ? spelt(word, LEET) : word));
  if ((lower.match(/(?<![a-z\d])(?=[a-z\d]*[a-z])(?=[a-z\d]*\d)[a-z\d]{2,}/g)?.length ?? 0) >= 2)
    found.push(leet);
  const parted = text.replace(/(?<=\p{Ll})-(?=\p{Ll})/gu, '');
  if (text.length - parted.length >= 3) found.push(parted);
  if (/snoitcurtsn|erongi|ledom|tuptuo|rewsna|drager|egap|teehs|dleif/i.test(text))
    found.push(Array.from(text).reverse().join(''));
  if (/\b(?:gur|cntr|vtaber|erfcbafr|svryqf?|nafjre)\b/.test(lower))
    found.push(
      lower.replace(/[a-z]/g, (letter) => String.fromCharCode(((letter.charCodeAt(0) - 84) % 26) + 97)),
    );
  return found.filter((form) => form !== '');
}

/** In a run of letters without a gap between words. */
const COMPACT =
  /ignore|disregard|instruct|prompt|assistant|model|output|override|omit|answer|return|report|nothing|page|sheet|field|empty/;

/** Bytes as text, '' where they are none. */
function printable(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return /^[^\p{C}\ufffd]*$/u.test(text.replace(/\s/g, ' ')) ? text : '';
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
}

const anyOf = (...words: string[]) => `(?:${words.join('|')})`;
const sign = (...parts: string[]) => new RegExp(parts.join(''), 'u');

/** A few words of one sentence. */
const NEAR = '[^.!?]{0,60}';
const WORDS = "(?:[\\w'’-]+ ){0,4}";

const PROGRAM = anyOf(
  ...[
    'model',
    'system',
    'machine',
    'computer',
    'robot',
    'bot',
    'software',
    'program',
    'ai',
    'llm',
    'assistant',
  ],
  ...['extractor', 'parser', 'scraper', 'crawler', 'algorithm', 'engine', 'reader', 'automation', 'ocr'],
);

/** In English; accents and lookalikes are folded before. */
const ENGLISH = [
  // It addresses a program, or calls the reader one.
  sign(
    '\\b',
    anyOf(
      ...[
        '(?:large )?language model',
        'llms?\\b',
        'chat ?gpt',
        'gpt-?\\d',
        'openai',
        'anthropic',
        'claude\\b',
        'gemini\\b',
      ],
      ...[
        'copilot',
        'deepseek',
        'mistral\\b',
        'chat ?bot',
        'artificial intelligence',
        'neural net',
        'machine learning',
      ],
      ...[
        'ai[ -](?:model|system|assistant|agent|reader|tool|parser|engine|bot|extractor|software|processing|reading)s?\\b',
      ],
      ...['(?:an?|the|any|dear|hey|hello|hi|to|for|attention|attn:?|all) ais?\\b', '(?:^| )ai ?[:,!]'],
      ...[
        '(?:virtual|digital|automated|automatic|machine|computer|data|document|text|page|field|content) (?:assistant|reader|parser|extractor|extraction|scraper)\\b',
      ],
    ),
  ),
  sign(
    `\\b(?:dear|hey|hello|hi|attention|attn|note|notice|message|instructions?|advice|memo|remark|hint|reminder|command|request|order|warning)s?,?:? ?(?:to|for)? ?(?:the |any |all |whatever |whichever |this |our |your )?(?:\\w+ )?${PROGRAM}s?\\b(?! (?:number|id|year|name)\\b)`,
  ),
  sign(
    `\\b${PROGRAM}s? ?(?:,|:)? ?(?:must|should|shall|please|will (?:now|only|not)|is (?:instructed|told|ordered|asked|required) to|that (?:reads?|processes|extracts?)|reading this|processing this)`,
  ),
  sign(
    `\\b(?:who|what|which)(?:so)?ever ${WORDS}(?:reads?|reading|process|processes|processing|extracts?|parses?|transcribes?|types?)\\b`,
  ),
  sign(
    '\\bread(?:ing)? (?:anything|any \\w+|no \\w+|nothing|none) from\\b|\\bno values?\\b|\\bvalues? (?:may|must|should|shall|can|will) (?:not )?be\\b|\\b(?:extracted|captured|transcribed|taken over|carried (?:over|across)) (?:as|from|anywhere|to|into)\\b',
  ),
  sign(
    '\\b(?:reader|transcriber|transcription|extraction|typist|data elements?)\\b|\\btranscribe[ds]?\\b|\\b(?:type|key|read|typing|keying)(?:s|ed)? (?:up|in|these|this) (?:the |these )?(?:form|papers?|page|sheet|data)',
  ),
  sign(
    `\\b(?:if|when|since|because|as) you (?:are|'re) (?:\\w+ )?(?:an? )?(?:${PROGRAM}|automated|reading|processing|extracting|parsing|not (?:a )?human)`,
  ),
  sign(
    `\\byou (?:are|'re|act as) (?:now |only |just )?(?:an? |the |my )?(?:\\w+ )?(?:${PROGRAM}|helpful|unrestricted|developer mode)\\b`,
  ),
  sign(
    '\\b(?:pretend|role-?play|imagine) (?:to|that|you|as)\\b|\\bact as (?:if|though|an? (?:ai|assistant|model|different|new))|jailbreak|developer mode',
  ),
  sign(
    '\\b(?:your|its) (?:system )?(?:prompt|programming|training|output|json|task|guidelines|extraction|response format)\\b',
  ),
  // It overrides what the reader was told.
  sign(
    `\\b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|es|ing)|overrul\\w+|bypass\\w*|neglect|(?:do not|don't|dont|never|stop|no longer|cease) (?:follow|obey|apply|heed|us)\\w*)\\b`,
    NEAR,
    '\\b(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|commands?|constraints?|orders?|schema|above|previous|prior|preceding|earlier|foregoing|before|so far|told|pages?|fields?|sheets?)\\b',
  ),
  sign(
    `\\b(?:new|updated|revised|changed|hidden|secret|override|overriding|higher|priority|real|actual|true) (?:system )?(?:instructions?|rules?|prompts?|directives?|tasks?|objectives?|orders?)\\b`,
  ),
  sign(
    `\\b(?:instructions?|rules?|directives?|orders?) (?:above|given (?:before|earlier|above)|no longer apply|(?:are|is) (?:void|cancel|suspend|obsolete|overrid)\\w*)`,
  ),
  sign(
    '\\bsystem ?-?(?:prompt|message|meldung|nachricht|hinweis|melding|meddelande|anweisung|instruction|override|note|command)|\\bfrom now on\\b|\\bprompt injection|\\binstead of (?:the |what |your )?(?:instruct|extract|report|answer|list)',
  ),
  // It orders what is to be answered.
  sign(
    `\\b(?:answer|respond|reply)(?:ing)? (?:only |just |simply |exactly |always |to this |to that )?(?:with|by (?:giving|return|stat|writ)\\w*|in json|using|nothing|none|as follows)\\b`,
  ),
  sign(
    `\\b(?:output|print|emit|return|produce|generate|write|report|list|give|extract|include|mention|record|transcribe|provide|state|say|show|read|supply)(?:s|ed|ing)? ${WORDS}(?:only the following|nothing|no (?:fields?|values?|data|entr)|an? empty|empty|null|zero (?:fields?|values?)|json|instead|verbatim|the following (?:fields?|values?|json|answer)|(?:fields?|values?|entr(?:y|ies)|answers?|keys?|pages?|lists?)\\b)`,
  ),
  sign(
    `\\b(?:do not|don't|dont|does not|doesn't|never|must not|mustn't|should not|shall not|may not|not to|not be|without|avoid|refrain from|no need to|nothing (?:is|may|must|should|shall) (?:to )?be|none of) (?:be |being |even |ever )?(?:extract|output|report|return|transcrib|captur|pars(?:e|ing)|includ|mention|list|read|record|enter|answer|emit|reveal|disclos|pass|copied|copy|note|show|write|tak(?:e|ing))\\w*${NEAR}\\b(?:fields?|values?|answer|output|entr(?:y|ies)|json|pages?|sheets?|anywhere|balance|owner|holder|signer|birth|interest|(?:name|ssn|taxpayer) (?:of|on|from|for))\\b`,
  ),
  sign(
    `\\b(?:omit|skip|leave out|drop|hide|suppress|conceal|keep back|pass over)\\b${NEAR}\\b(?:owners?|holders?|signers?|balance|birth|ssn|social security|taxpayer|amount|interest|employer|name|number|date|id)\\b`,
  ),
  sign(
    `\\b(?:leave|keep|set|make|treat|mark|consider|render|turn|regard|count) ${WORDS}(?:fields?|values?|lists?|answers?|arrays?|entry|entries|keys?|objects?|pages?|sheets?|records?|results?|name|holders?|balance|amount|date|number)(?:'s)? (?:\\w+ ){0,4}(?:empty|null|out|unset|missing|void|blank|absent|unknown|invalid|as|to|at)\\b`,
  ),
  sign(
    `\\b(?:omit|skip|drop|hide|suppress|conceal|withhold|exclude|remove|delete|erase|strip|clear|empty|discard|blank out|leave out|take out|get rid of|keep back|redact)(?:s|ped|ted|d|ed|ing|ping|ting)? ${WORDS}(?:fields?|values?|entry|entries|keys?|answers?|results?|labels?|pages?|sheets?|output|lists?|extraction|neighbou?r)\\b`,
  ),
  sign(
    `\\b(?:fields?|values?|entry|entries|keys?|answers?|results?|pages?|sheets?|balance|holders?|name|number|amount|line) (?:\\w+ ){0,6}(?:must|should|shall|is|are|has|have|needs?|ought|will) (?:to )?(?:not |never )?(?:be |stay |remain )?(?:omitted|left (?:out|empty|blank)|ignored|disregarded|skipped|suppressed|hidden|dropped|emptied|empty|overridden|overwritten|extracted|reported|removed from the|null|withheld|deleted from)\\b`,
  ),
  sign(
    '\\bempty (?:list|array|object|answer|result|fields?|string|response|json|brackets)\\b|\\b(?:list|array|answer|fields?) (?:is|are|be|must be|stays?) empty',
  ),
  sign(
    `\\b(?:also |and )?(?:add|insert|append|put|move|carry|invent|fabricate|make up|swap|exchange|duplicate|transfer|repeat) ${WORDS}(?:fields?|values?|entry|entries|answers?|keys?|(?:other|next|previous|first|second|preceding|following|every|each|neighbou?ring) (?:page|sheet)s?)\\b`,
  ),
  sign(
    `\\b(?:change|replace|overwrite|alter|modify|set|double|multiply|increase|decrease|raise|lower|substitute|falsify|round|swap) ${WORDS}(?:fields?|values?|entry|entries|answers?|keys?|every|all|other pages?)\\b`,
  ),
  // It names keys, the form of an answer, roles or their marks.
  sign(
    '\\bjson\\b|\\bschema\\b|\\bpage_(?:\\d|n\\b|number)|\\bpage_(?:one|two|three)|"(?:fields|value|confidence|name)" ?:|\\bfields ?[:=] ?\\[|\\bconfidence ?(?:of|to|[:=])? ?\\d|\\[\\]|\\{\\}|\\{ ?"',
  ),
  sign('\\|[^|]{1,80}\\| ?\\d{1,3}(?![\\d.,])|\\w=(?:null|none|""|\\[)'),
  sign(
    '<\\|?/?(?:im_start|im_end|endoftext|system|assistant|user|human|instructions?|prompt|rules?|tool|function|page|answer|thinking?|important|start|end|s)\\b[^>]{0,40}\\|?>|\\[/?(?:inst|system|user|assistant|prompt)\\]|<<sys>>|#{3,} ?\\w|\\b(?:begin|end|start) of (?:the )?(?:prompt|instructions?|system|context|input|answer|data)',
  ),
  sign(
    '(?:^|[.!?>\\]*#"-] ?| )(?:system|assistant|developer|chatbot|human|model) ?: ?(?=[a-z])(?!(?:no|n/a|none)\\b)',
  ),
];

/** Stems in other languages that are written with Latin letters, without accents: what a reader is, orders, and their object. */
const ELSEWHERE: readonly { program: string[]; override: string[]; orders: string[]; page: string[] }[] = [
  // German
  {
    program: [
      'sprachmodell',
      'ki-?(?:modell|system|assistent|leser)',
      'kunstliche intelligenz',
      '(?:an|fur|liebe|die|eine) ki\\b',
      '(?:an|fur) (?:das|den|die) (?:modell|system|programm|computer|assistent|leser|software|maschine)',
    ],
    override: [
      'ignorier',
      'missacht',
      'vergiss',
      'vergess',
      'ubergeh',
      'uberspring',
      'nicht beacht',
      'beachte? (?:nicht|keine)',
      'lass',
      'streich',
      'losche',
      'verschweig',
      'unterschlag',
      'antwort',
      'gib',
      'geben sie',
      'melde',
      'andere',
      'ersetze',
      'setze',
      'trag',
    ],
    orders: [
      'anweisung',
      'vorgabe',
      'regel',
      'anleitung',
      'befehl',
      'feld',
      'felder',
      'seite',
      'blatt',
      'liste',
      'antwort',
      'wert',
      'oben',
      'vorherig',
      'bisherig',
      'leer',
    ],
    page: ['seiten?', 'blatt'],
  },
  // French
  {
    program: [
      'modele (?:de langage|linguistique|ia)',
      'intelligence artificielle',
      "(?:l'|une |cette |a l'|pour l')ia\\b",
      '(?:au|pour le|cher|chere) (?:modele|systeme|programme|logiciel|lecteur|robot)',
      "(?:a |pour )l'(?:assistant|ordinateur)",
    ],
    override: [
      'ignor',
      'oubli',
      'negligez',
      'neglige',
      'ne (?:tenez|tiens) (?:pas|aucun) compte',
      'omet',
      'omett',
      'saute',
      'sautez',
      'supprim',
      'repond',
      'renvo',
      'n.indiqu',
      'ne (?:signal|rapport|mention|lis|lisez|donn)',
      'laisse',
      'remplac',
      'modifi',
      'ajout',
      'copi',
    ],
    orders: [
      'instruction',
      'consigne',
      'regle',
      'directive',
      'champ',
      'page',
      'feuille',
      'liste',
      'reponse',
      'valeur',
      'precedent',
      'ci-dessus',
      'vide',
    ],
    page: ['pages?', 'feuilles?'],
  },
  // Spanish
  {
    program: [
      'modelo (?:de lenguaje|linguistico|de ia)',
      'inteligencia artificial',
      '(?:la|una|para|a la) ia\\b',
      '(?:al|para el|querido|estimado) (?:modelo|sistema|programa|lector|asistente|ordenador|robot)',
    ],
    override: [
      'ignor',
      'olvid',
      'omit',
      'descart',
      'no (?:sigas|siga|hagas|haga|inform|extra|incluy|menci|lea|report|devuelv)',
      'salt',
      'respond',
      'devuelv',
      'suprim',
      'elimin',
      'dej',
      'cambi',
      'reemplaz',
      'sustituy',
      'agreg',
      'anad',
      'copi',
      'ocult',
    ],
    orders: [
      'instruccion',
      'regla',
      'orden',
      'indicacion',
      'directriz',
      'campo',
      'pagina',
      'hoja',
      'lista',
      'respuesta',
      'valor',
      'anterior',
      'previa',
      'vaci',
    ],
    page: ['paginas?', 'hojas?'],
  },
  // Portuguese
  {
    program: [
      'modelo (?:de linguagem|linguistico)',
      '(?:a|uma|para a|cara) ia\\b',
      '(?:ao|para o|caro|prezado) (?:modelo|sistema|programa|leitor|assistente|computador)',
    ],
    override: [
      'ignor',
      'esquec',
      'desconsider',
      'omit',
      'nao (?:siga|inform|extra|inclu|menci|leia|relat)',
      'pul[ea]',
      'respond',
      'devolv',
      'retorn',
      'suprim',
      'deix',
      'mud',
      'alter',
      'substitu',
      'adicion',
      'copi',
      'ocult',
    ],
    orders: [
      'instruc',
      'regra',
      'ordem',
      'ordens',
      'diretriz',
      'campo',
      'pagina',
      'folha',
      'lista',
      'resposta',
      'valor',
      'anterior',
      'acima',
      'vazi',
    ],
    page: ['paginas?', 'folhas?'],
  },
  // Italian
  {
    program: [
      'modello (?:linguistico|di linguaggio)',
      'intelligenza artificiale',
      "(?:l'|all'|per l'|una )ia\\b",
      '(?:al|per il|caro) (?:modello|sistema|programma|lettore|computer)',
      "all'assistente",
    ],
    override: [
      'ignor',
      'dimentic',
      'omett',
      'trascur',
      'non (?:seguire|tenere|riport|estrar|includ|menzion|legg)',
      'salta',
      'rispond',
      'restitu',
      'lasci',
      'elimin',
      'cambi',
      'sostitu',
      'aggiung',
      'copi',
      'nascond',
    ],
    orders: [
      'istruzion',
      'regol',
      'ordin',
      'direttiv',
      'camp',
      'pagin',
      'fogli',
      'elenco',
      'lista',
      'rispost',
      'valor',
      'precedent',
      'sopra',
      'vuot',
    ],
    page: ['pagin[ae]', 'fogli[o]?'],
  },
  // Dutch
  {
    program: [
      'taalmodel',
      'kunstmatige intelligentie',
      '(?:aan|voor|beste) (?:het |de )?(?:model|systeem|programma|lezer|computer|assistent|ai)\\b',
    ],
    override: [
      'negeer',
      'vergeet',
      'sla',
      'laat',
      'antwoord',
      'geef',
      'verwijder',
      'vervang',
      'wijzig',
      'vermeld',
      'verberg',
      'kopieer',
    ],
    orders: [
      'instructie',
      'opdracht',
      'regel',
      'aanwijzing',
      'veld',
      'pagina',
      'blad',
      'lijst',
      'antwoord',
      'waarde',
      'eerdere',
      'bovenstaand',
      'leeg',
      'lege',
    ],
    page: ["pagina(?:'s)?", 'blad'],
  },
  // Polish, Czech, Slovak
  {
    program: [
      'model(?:u|owi)? jezykow',
      'sztuczn\\w+ inteligencj',
      'jazykov\\w+ model',
      'umel\\w+ inteligenc',
      'do (?:modelu|systemu|programu)',
    ],
    override: [
      'ignoruj',
      'zignoruj',
      'pomin',
      'zapomnij',
      'nie (?:podawaj|zwracaj|wypisuj)',
      'odpowiedz',
      'zwroc',
      'usun',
      'zmien',
      'vynech',
      'zapomen',
      'odpovez',
      'vrat',
    ],
    orders: [
      'instrukcj',
      'polecen',
      'zasad',
      'regul',
      'pol[ae]\\b',
      'stron',
      'list[eay]',
      'odpowied',
      'pust',
      'pokyn',
      'instrukc',
      'pravidl',
      'stran',
      'seznam',
      'prazdn',
    ],
    page: ['stron(?:a|y|ie)?', 'stran(?:a|y|e)?'],
  },
  // Swedish, Danish, Norwegian
  {
    program: [
      'sprakmodell',
      'sprogmodel',
      'kunstig intelligens',
      'artificiell intelligens',
      '(?:till|til|kare|kaere|kjaere) (?:modellen|systemet|programmet|lasaren|ai)',
    ],
    override: [
      'ignorer',
      'bortse',
      'se bort',
      'glom',
      'glem',
      'utelamna',
      'utelat',
      'udelad',
      'hopp',
      'svara',
      'svar',
      'lamna',
      'returner',
    ],
    orders: [
      'instruktion',
      'instruks',
      'anvisning',
      'regl',
      'regel',
      'falt',
      'felt',
      'sida',
      'side',
      'lista',
      'liste',
      'ovan',
      'tidigare',
      'tidligere',
      'tom',
    ],
    page: ['sid[ae]n?'],
  },
  // Turkish, Romanian, Hungarian, Finnish, Vietnamese, Indonesian
  {
    program: [
      'dil modeli',
      'yapay zeka',
      'model(?:ul)? lingvistic',
      'model de limbaj',
      'inteligent\\w* artificial',
      'nyelvi modell',
      'mesterseges intelligencia',
      'kielimalli',
      'tekoaly',
      'mo hinh ngon ngu',
      'tri tue nhan tao',
      'model bahasa',
      'kecerdasan buatan',
    ],
    override: [
      'yoksay',
      'yok say',
      'gormezden',
      'unut',
      'atla',
      'cevapla',
      'ignora',
      'uita',
      'omite',
      'raspunde',
      'hagyd',
      'felejtsd',
      'ohita',
      'jata',
      'unohda',
      'bo qua',
      'quen',
      'tra loi',
      'abaikan',
      'lupakan',
      'jawab',
      'kosongkan',
    ],
    orders: [
      'talimat',
      'kural',
      'alan',
      'sayfa',
      'liste',
      'bos',
      'instructiun',
      'regul',
      'camp',
      'pagin',
      'utasitas',
      'szabaly',
      'mezo',
      'oldal',
      'ures',
      'ohje',
      'saan',
      'kent',
      'sivu',
      'tyhj',
      'huomio',
      'huong dan',
      'chi dan',
      'trang',
      'trong',
      'instruksi',
      'perintah',
      'aturan',
      'bidang',
      'halaman',
      'kosong',
      'daftar',
    ],
    page: ['sayfa', 'oldal', 'sivu', 'trang', 'halaman'],
  },
];

const LATIN = [
  ...ENGLISH,
  ...ELSEWHERE.flatMap(({ program, override, orders }) => [
    sign(`(?<![a-z])${anyOf(...program)}`),
    sign(`(?<![a-z])${anyOf(...override)}[a-z]*\\b${NEAR}(?<![a-z])${anyOf(...orders)}`),
  ]),
];

/** Languages in other scripts: few bank papers hold them, and none speaks of models, orders or fields. */
const SCRIPTS = sign(
  anyOf(
    // Russian, Ukrainian, Bulgarian
    ...[
      'игнорир',
      'ігнору',
      'не обраща',
      'забудь',
      'пропуст',
      'инструкц',
      'інструкц',
      'указани',
      'языков\\p{L}* модел',
      'мовн\\p{L}* модел',
    ],
    ...[
      'модел[ьи]\\b',
      'нейросет',
      'ассистент',
      'искусственн\\p{L}* интеллект',
      'штучн\\p{L}* інтелект',
      'пуст\\p{L}* (?:спис|ответ)',
      'верн(?:и|ите) ',
      'ответь',
      'не (?:извлек|указыва|выводи|сообща)',
    ],
    ...[
      'страниц\\p{L}* ?№? ?\\d',
      'сторінк\\p{L}* ?№? ?\\d',
      'лист\\p{L}* ?№? ?\\d',
      'выгрузк',
      '(?:предыдущ|следующ|друг|перв|втор|остальн|соседн)\\p{L}* (?:лист|страниц|бланк)',
      '(?:попередн|наступн|інш|перш|друг)\\p{L}* (?:аркуш|сторінк)',
      '(?:предишн|следващ|друг)\\p{L}* страниц',
    ],
    // Greek
    ...[
      'αγνο[ηή]σ',
      'οδηγ[ιί]',
      'γλωσσικ',
      'μοντ[εέ]λο',
      'τεχνητ[ηή] νοημοσ',
      'κεν[ηή] λ[ιί]στα',
      'σελ[ιί]δα ?\\d',
      '(?:προηγο[υύ]μεν|επ[οό]μεν|[αά]λλ|πρ[ωώ]τ)\\p{L}* σελ[ιί]δ',
    ],
    // Chinese, Japanese, Korean
    ...[
      '忽略',
      '无视',
      '無視',
      '忽视',
      '忽視',
      '指令',
      '指示',
      '提示词',
      '提示詞',
      '模型',
      '人工智[能慧]',
      '助手',
      '输出',
      '輸出',
      '字段',
      '欄位',
      '空(?:的)?列表',
      '空白列表',
      '不要',
      '请勿',
      '請勿',
      '回答',
      '返回',
      '第 ?[\\d一二三四五六七八九十] ?[页頁张張]',
      '[上下前后後次首另] ?一?[页頁张張]',
      '(?:其他|其它|另外|另一|相邻|前面|后面)的?(?:页|頁|页面|张)',
    ],
    ...[
      '命令',
      'モデル',
      '人工知能',
      '出力',
      'フィールド',
      '空の',
      'アシスタント',
      '答え',
      'ページ ?\\d',
      '\\d+ ?ページ',
      '抽出',
      '[前次他別](?:の|のすべての)?(?:ページ|頁|用紙)',
      '転記',
    ],
    ...[
      '무시',
      '지시',
      '명령',
      '모델',
      '인공 ?지능',
      '출력',
      '필드',
      '빈 ?(?:목록|리스트|배열)',
      '어시스턴트',
      '답변',
      '응답',
      '추출',
      '\\d+ ?(?:페이지|쪽)',
      '페이지 ?\\d',
      '(?:이전|다음|다른|앞|뒤|첫|나머지) ?(?:번째 ?)?(?:페이지|쪽|장)',
    ],
    // Arabic, Persian, Hebrew
    ...[
      'تجاهل',
      'تعليمات',
      'التعليمات',
      'نموذج',
      'الذكاء الاصطناعي',
      'المساعد',
      'قائمة فارغة',
      'صفحة',
      'الورقة',
      'ورقة',
      'لصفح',
      'نادیده',
      'دستورالعمل',
      'مدل زبانی',
      'هوش مصنوعی',
      'התעלם',
      'בדף',
      'הדף',
      'עמוד ה',
      'צ?עמוד \\d',
      'הוראות',
      'מודל',
      'בינה מלאכותית',
      'רשימה ריקה',
    ],
    // Hindi, Bengali, Thai
    ...[
      'अनदेखा',
      'नज़रअंदाज़',
      'नजरअंदाज',
      'निर्देश',
      'मॉडल',
      'कृत्रिम बुद्धि',
      'पृष्ठ',
      'पन्न',
      'खाली सूची',
      'उपेक्षा',
      'নির্দেশ',
      'উপেক্ষা',
      'মডেল',
      'ละเว้น',
      'หน้า(?:แรก|ก่อน|ถัด|นี้|ที่|อื่น)',
      'เพิกเฉย',
      'คำสั่ง',
      'โมเดล',
      'แบบจำลอง',
    ],
  ),
);

const NUMBER = '(?:\\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)\\b';
const SHEET = '(?:pages?|sheets?|leaf|leaves|p\\.|pg\\.?)';

/** What papers say of their own pages. */
const OF_PAPER = new RegExp(
  [
    `page ${NUMBER} ?(?:of|/|-|through|to|and|&) ?${NUMBER}`,
    `(?:see|continued|cont['.]*d?\\.?|(?:brought|carried) forward|refer(?:red)? to|turn to|found|stated|described|set forth|attached|go to|book ${NUMBER},?)(?: (?:also|on|from|at|to|of|the|in|over))* (?:(?:previous|preceding|next|following|reverse|first|last) )?page(?: ${NUMBER})?`,
    `(?:sign|initial|signed|initialed|initials|signatures?|signature block)(?: \\w+){0,3} (?:page ${NUMBER}|(?:each|every|last|first|next|following|all) pages?)`,
    `(?:each|every|all|first|last) pages? of (?:this|the|your) (?:agreement|document|statement|form|contract|application|fax|packet|package|policy)`,
    `(?:total|number of) pages`,
    `(?:book|volume|liber) ${NUMBER},? (?:at )?page ${NUMBER}`,
  ].join('|'),
  'gu',
);

/** A page that speaks of another says more than paper does of itself. */
function namesPage(folded: string): boolean {
  return OTHER_PAGE.test(folded.replace(OF_PAPER, ' '));
}

const OTHER_PAGE = sign(
  [
    // By its number in a sentence: a number in a line of its own is what pages bear.
    `(?:\\b(?:the|for|of|on|in|to|from|under|at|and|or|with|than) |(?:^| )(?:drop|skip|hide|empty|clear|omit|ignore|order|fill|copy|set|change|treat|answer|ditto) |\\()${SHEET} ?(?:no\\.?|number|#)? ?${NUMBER}`,
    `\\b${SHEET} ?(?:no\\.?|number|#)? ?${NUMBER}(?:'s|’s|,? (?:and|or) ${NUMBER}|,? (?:must|should|shall|is|are|was|has|have|had|will|may|can|does|do|did|gets?|belongs?|contains?|holds?|says?|needs?|answers?|fields?)\\b| ?[:=] ?(?:drop|hide|add|fail|empty|skip|omit|ignore|set|remove|delete|clear|copy|leave|null|none|nothing|no|do|the|put|give|answer|report|change|replace|move|swap)\\b)`,
    // By where it lies.
    '\\b(?:previous|preceding|prior|earlier|later|next|other|another|remaining|neighbou?ring|adjacent|adjoining|opposite|facing|(?<!the )first|second|third) (?:\\w+ )?(?:pages?|sheets?|leaf|leaves)\\b',
    '\\bthe first (?:(?:two|three|few|\\d) )?(?:pages?|sheets?)\\b(?! of)',
    '\\b(?:on|in|from|to|onto|of) the (?!signature|cover|last|next|same|back|front)\\w+ page\\b',
    '\\b(?:page|sheet|form|card|letter|application|certificate|document|leaf|one)s? (?:directly |immediately |just |that (?:comes |came |is |lies )?|which (?:comes |is )?)?(?:before|precedes|preceding|in front|ahead|overleaf|next to|beside)\\b(?! (?:signing|you|the (?:closing|date|due)))',
    '\\boverleaf\\b|\\b(?:immediately |directly )?preceding (?:instrument|document|form|card|application|certificate|letter|record)',
    '\\b(?:this|the|your) (?:batch|context window)\\b',
    // In other languages.
    `(?<![a-z])(?:seiten?|blatt|pagina|paginas|pagine|feuillets?|feuilles?|hojas?|folhas?|fogli[o]?|bladzijden?|stron[aeyi]|stranky?|stran[aeuy]|arkusz\\w*|karta|kart[ay]|sid[ae]n?|sayfa\\w*|oldal\\w*|sivu\\w*|trang|halaman|pahina|paj)(?: (?:nr\\.?|no\\.?|n°|num\\w*))? ?(?:\\d{1,3}(?! ?(?:/|von|de|di|of|van|z|av|af|sur)\\b)|anterior\\w*|precedent\\w*|suivant\\w*|successiv\\w*|siguiente|seguint\\w*|un[oa]?\\b|deux|dos|due|una|previa|vorher|zuvor|ki|ao lado)`,
    `(?<![a-z])(?:la|de la|a la|sur la|pour la|sa|zur|der|die|auf|ang|ng) page ?(?:no\\.?|n°)? ?${NUMBER}`,
    '(?<![a-z])(?:vorblatt|deckblatt|ausgelesen|auslesen|consigne systeme|message systeme|mensaje del sistema|instruccion del sistema|messaggio di sistema|mensagem do sistema|komunikat systemow)',
    '(?<![a-z])(?:stron\\w*|kart\\w*|stran\\w*|strana) (?:pierwsz|drug|trzec|poprzedn|nastepn|prvn|druh|predchoz)',
    '(?<![a-z])no (?:ha de|han de|debe[n]?|deve[m]?|debera) (?:ser )?(?:recog|figur|const|extra|leer|leid|lid|inclu)',
    `(?<![a-z])(?:vorig|vorherig|vorhergehend|vorangehend|vorstehend|nachst|folgend|ander|ubrig|erst|zweit|letzt|vorletzt)\\w* (?:seite|blatt|bogen|formular)`,
    `(?<![a-z])(?:autres?|premier\\w*|deuxieme|seconde|prochain\\w*|toutes les|derniere) (?:pages?|feuill\\w+|fiches?)`,
    `(?<![a-z])(?:otr\\w+|primer\\w*|segund\\w*|demas|proxim\\w+|outr\\w+|altr\\w+|prim\\w+|second\\w+|prossim\\w+|ultim\\w+) (?:paginas?|hojas?|folhas?|pagin[ae]|fogli[o]?|fichas?)`,
    `(?<![a-z])(?:vorige|volgende|andere|eerste|tweede|laatste) (?:pagina|bladzijde|blad|formulier)`,
    `(?<![a-z])(?:poprzedni|nastepn|inn|pierwsz|drug|ostatni|predchoz|dals|jin|prvn|druh)\\w* (?:stron|kart|arkusz|formularz|stran|list)`,
    `(?<![a-z])(?:foregaende|forrige|foregaaende|nasta|neste|naeste|andra|andre|forsta|forste) (?:sid|sider|ark)`,
    `(?<![a-z])(?:onceki|sonraki|diger|birinci|ilk|ikinci|son) sayfa|(?<![a-z])o sayfa|(?:elozo|kovetkezo|masik|elso) oldal|(?:edellis|seuraava|toise|ensimmais)\\w* sivu|trang (?:truoc|sau|dau|khac)|halaman (?:sebelum|berikut|lain|pertama)`,
  ].join('|'),
);

/** A field's name in the midst of a sentence: as a label it begins its cell and a colon, or its value, follows. */
function namesField(text: string): boolean {
  return /(?:[a-z,;.:!'"(`] {1,2}|["'`([{])\p{Lu}\p{Ll}+(?:_\p{L}[\p{L}\d]*)+(?!\p{L}*[ ]?:)(?=["'`)\]},.;=| ]|$)/mu.test(
    text,
  );
}
