import { oneOf, sign } from './pattern.js';

/** A few words of one sentence. */
const NEAR = '[^.!?]{0,60}';
const WORDS = "(?:[\\w'’-]+ ){0,4}";

const PROGRAM = oneOf(String.raw`
  model|system|machine|computer|robot|bot|software|program|ai|llm|assistant|extractor|parser|scraper|crawler|
  algorithm|engine|reader|automation|ocr`);

/** In English; accents and lookalikes are folded before. */
export const ENGLISH_SIGNS = [
  // It addresses a program, or calls the reader one.
  sign(
    '\\b',
    oneOf(String.raw`
      (?:large )?language model|llms?\b|chat ?gpt|gpt-?\d|openai|anthropic|claude\b|gemini\b|copilot|deepseek|
      mistral\b|chat ?bot|artificial intelligence|neural net|machine learning|
      ai[ -](?:model|system|assistant|agent|reader|tool|parser|engine|bot|extractor|software|processing|reading)s?\b|
      (?:an?|the|any|dear|hey|hello|hi|to|for|attention|attn:?|all) ais?\b|(?:^| )ai ?[:,!]|
      (?:virtual|digital|automated|automatic|machine|computer|data|document|text|page|field|content) (?:assistant|reader|
      parser|extractor|extraction|scraper)\b`),
  ),
  sign(
    String.raw`
      \b(?:dear|hey|hello|hi|attention|attn|note|notice|message|instructions?|advice|memo|remark|hint|
      reminder|command|request|order|warning)s?,?:? ?(?:to|for)? ?(?:the |any |all |whatever |whichever |
      this |our |your )?(?:\w+ )?${PROGRAM}s?\b(?! (?:number|id|year|name)\b)`,
  ),
  sign(
    String.raw`
      \b${PROGRAM}s? ?(?:,|:)? ?(?:must|should|shall|please|will (?:now|only|not)|is (?:instructed|told|
      ordered|asked|required) to|that (?:reads?|processes|extracts?)|reading this|processing this)`,
  ),
  sign(
    String.raw`
      \b(?:who|what|which)(?:so)?ever ${WORDS}(?:reads?|reading|process|processes|processing|extracts?|
      parses?|transcribes?|types?)\b`,
  ),
  sign(
    String.raw`
      \bread(?:ing)? (?:anything|any \w+|no \w+|nothing|none) from\b|\bno values?\b|\bvalues? (?:may|must|
      should|shall|can|will) (?:not )?be\b|\b(?:extracted|captured|transcribed|taken over|carried (?:over|
      across)) (?:as|from|anywhere|to|into)\b`,
  ),
  sign(
    String.raw`
      \b(?:reader|transcriber|transcription|extraction|typist|data elements?)\b|\btranscribe[ds]?\b|
      \b(?:type|key|read|typing|keying)(?:s|ed)? (?:up|in|these|this) (?:the |these )?(?:form|papers?|
      page|sheet|data)`,
  ),
  sign(
    String.raw`
      \b(?:if|when|since|because|as) you (?:are|'re) (?:\w+ )?(?:an? )?(?:${PROGRAM}|automated|reading|
      processing|extracting|parsing|not (?:a )?human)`,
  ),
  sign(
    String.raw`
      \byou (?:are|'re|act as) (?:now |only |just )?(?:an? |the |my )?(?:\w+ )?(?:${PROGRAM}|helpful|
      unrestricted|developer mode)\b`,
  ),
  sign(
    String.raw`
      \b(?:pretend|role-?play|imagine) (?:to|that|you|as)\b|\bact as (?:if|though|an? (?:ai|assistant|
      model|different|new))|jailbreak|developer mode`,
  ),
  sign(
    String.raw`
      \b(?:your|its) (?:system )?(?:prompt|programming|training|output|json|task|guidelines|extraction|
      response format)\b`,
  ),
  // It overrides what the reader was told.
  sign(
    String.raw`
      \b(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|es|ing)|overrul\w+|bypass\w*|
      neglect|(?:do not|don't|dont|never|stop|no longer|cease) (?:follow|obey|apply|heed|us)\w*)\b`,
    NEAR,
    String.raw`
      \b(?:instructions?|prompts?|rules?|guidelines?|directions?|directives?|commands?|constraints?|
      orders?|schema|above|previous|prior|preceding|earlier|foregoing|before|so far|told|pages?|fields?|
      sheets?)\b`,
  ),
  sign(
    String.raw`
      \b(?:new|updated|revised|changed|hidden|secret|override|overriding|higher|priority|real|actual|
      true) (?:system )?(?:instructions?|rules?|prompts?|directives?|tasks?|objectives?|orders?)\b`,
  ),
  sign(
    String.raw`
      \b(?:instructions?|rules?|directives?|orders?) (?:above|given (?:before|earlier|above)|
      no longer apply|(?:are|is) (?:void|cancel|suspend|obsolete|overrid)\w*)`,
  ),
  sign(
    String.raw`
      \bsystem ?-?(?:prompt|message|meldung|nachricht|hinweis|melding|meddelande|anweisung|instruction|
      override|note|command)|\bfrom now on\b|\bprompt injection|\binstead of (?:the |what |
      your )?(?:instruct|extract|report|answer|list)`,
  ),
  // It orders what is to be answered.
  sign(
    String.raw`
      \b(?:answer|respond|reply)(?:ing)? (?:only |just |simply |exactly |always |to this |
      to that )?(?:with|by (?:giving|return|stat|writ)\w*|in json|using|nothing|none|as follows)\b`,
  ),
  sign(
    String.raw`
      \b(?:output|print|emit|return|produce|generate|write|report|list|give|extract|include|mention|
      record|transcribe|provide|state|say|show|read|supply)(?:s|ed|ing)? ${WORDS}(?:only the following|
      nothing|no (?:fields?|values?|data|entr)|an? empty|empty|null|zero (?:fields?|values?)|json|instead|
      verbatim|the following (?:fields?|values?|json|answer)|(?:fields?|values?|entr(?:y|ies)|answers?|
      keys?|pages?|lists?)\b)`,
  ),
  sign(
    String.raw`
      \b(?:do not|don't|dont|does not|doesn't|never|must not|mustn't|should not|shall not|may not|not to|
      not be|without|avoid|refrain from|no need to|nothing (?:is|may|must|should|shall) (?:to )?be|
      none of) (?:be |being |even |ever )?(?:extract|output|report|return|transcrib|captur|pars(?:e|ing)|
      includ|mention|list|read|record|enter|answer|emit|reveal|disclos|pass|copied|copy|note|show|write|
      tak(?:e|ing))\w*${NEAR}\b(?:fields?|values?|answer|output|entr(?:y|ies)|json|pages?|sheets?|
      anywhere|balance|owner|holder|signer|birth|interest|(?:name|ssn|taxpayer) (?:of|on|from|for))\b`,
  ),
  sign(
    String.raw`
      \b(?:omit|skip|leave out|drop|hide|suppress|conceal|keep back|pass over)\b${NEAR}\b(?:owners?|
      holders?|signers?|balance|birth|ssn|social security|taxpayer|amount|interest|employer|name|number|
      date|id)\b`,
  ),
  sign(
    String.raw`
      \b(?:leave|keep|set|make|treat|mark|consider|render|turn|regard|count) ${WORDS}(?:fields?|values?|
      lists?|answers?|arrays?|entry|entries|keys?|objects?|pages?|sheets?|records?|results?|name|holders?|
      balance|amount|date|number)(?:'s)? (?:\w+ ){0,4}(?:empty|null|out|unset|missing|void|blank|absent|
      unknown|invalid|as|to|at)\b`,
  ),
  sign(
    String.raw`
      \b(?:omit|skip|drop|hide|suppress|conceal|withhold|exclude|remove|delete|erase|strip|clear|empty|
      discard|blank out|leave out|take out|get rid of|keep back|redact)(?:s|ped|ted|d|ed|ing|ping|
      ting)? ${WORDS}(?:fields?|values?|entry|entries|keys?|answers?|results?|labels?|pages?|sheets?|
      output|lists?|extraction|neighbou?r)\b`,
  ),
  sign(
    String.raw`
      \b(?:fields?|values?|entry|entries|keys?|answers?|results?|pages?|sheets?|balance|holders?|name|
      number|amount|line) (?:\w+ ){0,6}(?:must|should|shall|is|are|has|have|needs?|ought|
      will) (?:to )?(?:not |never )?(?:be |stay |remain )?(?:omitted|left (?:out|empty|blank)|ignored|
      disregarded|skipped|suppressed|hidden|dropped|emptied|empty|overridden|overwritten|extracted|
      reported|removed from the|null|withheld|deleted from)\b`,
  ),
  sign(
    String.raw`
      \bempty (?:list|array|object|answer|result|fields?|string|response|json|brackets)\b|\b(?:list|array|
      answer|fields?) (?:is|are|be|must be|stays?) empty`,
  ),
  sign(
    String.raw`
      \b(?:also |and )?(?:add|insert|append|put|move|carry|invent|fabricate|make up|swap|exchange|
      duplicate|transfer|repeat) ${WORDS}(?:fields?|values?|entry|entries|answers?|keys?|(?:other|next|
      previous|first|second|preceding|following|every|each|neighbou?ring) (?:page|sheet)s?)\b`,
  ),
  sign(
    String.raw`
      \b(?:change|replace|overwrite|alter|modify|set|double|multiply|increase|decrease|raise|lower|
      substitute|falsify|round|swap) ${WORDS}(?:fields?|values?|entry|entries|answers?|keys?|every|all|
      other pages?)\b`,
  ),
  // It names keys, the form of an answer, roles or their marks.
  sign(
    String.raw`
      \bjson\b|\bschema\b|\bpage_(?:\d|n\b|number)|\bpage_(?:one|two|three)|"(?:fields|value|confidence|
      name)" ?:|\bfields ?[:=] ?\[|\bconfidence ?(?:of|to|[:=])? ?\d|\[\]|\{\}|\{ ?"`,
  ),
  sign(String.raw`\|[^|]{1,80}\| ?\d{1,3}(?![\d.,])|\w=(?:null|none|""|\[)`),
  sign(
    String.raw`
      <\|?/?(?:im_start|im_end|endoftext|system|assistant|user|human|instructions?|prompt|rules?|tool|
      function|page|answer|thinking?|important|start|end|s)\b[^>]{0,40}\|?>|\[/?(?:inst|system|user|
      assistant|prompt)\]|<<sys>>|#{3,} ?\w|\b(?:begin|end|start) of (?:the )?(?:prompt|instructions?|
      system|context|input|answer|data)`,
  ),
  sign(
    String.raw`
      (?:^|[.!?>\]*#"-] ?| )(?:system|assistant|developer|chatbot|human|model) ?: ?(?=[a-z])(?!(?:no|n/a|
      none)\b)`,
  ),
];
