import { oneOf, sign } from './pattern.js';

/** What a language calls a reader that is a program, how it orders, and what about; without accents. */
interface Language {
  program: string;
  orders: string;
  about: string;
}

/** Stems of words in languages written with Latin letters. */
const LATIN: readonly Language[] = [
  // German
  {
    program: oneOf(String.raw`
      sprachmodell|ki-?(?:modell|system|assistent|leser)|kunstliche intelligenz|
      (?:an|fur|liebe|die|eine) ki\b|
      (?:an|fur) (?:das|den|die) (?:modell|system|programm|computer|assistent|leser|software|maschine)`),
    orders: oneOf(String.raw`
      ignorier|missacht|vergiss|vergess|ubergeh|uberspring|nicht beacht|beachte? (?:nicht|keine)|lass|
      streich|losche|verschweig|unterschlag|antwort|gib|geben sie|melde|andere|ersetze|setze|trag`),
    about: oneOf(String.raw`
      anweisung|vorgabe|regel|anleitung|befehl|feld|felder|seite|blatt|liste|antwort|wert|oben|vorherig|
      bisherig|leer`),
  },
  // French
  {
    program: oneOf(String.raw`
      modele (?:de langage|linguistique|ia)|intelligence artificielle|
      (?:l'|une |cette |a l'|pour l')ia\b|
      (?:au|pour le|cher|chere) (?:modele|systeme|programme|logiciel|lecteur|robot)|
      (?:a |pour )l'(?:assistant|ordinateur)`),
    orders: oneOf(String.raw`
      ignor|oubli|negligez|neglige|ne (?:tenez|tiens) (?:pas|aucun) compte|omet|omett|saute|sautez|
      supprim|repond|renvo|n.indiqu|ne (?:signal|rapport|mention|lis|lisez|donn)|laisse|remplac|modifi|
      ajout|copi`),
    about: oneOf(String.raw`
      instruction|consigne|regle|directive|champ|page|feuille|liste|reponse|valeur|precedent|ci-dessus|
      vide`),
  },
  // Spanish
  {
    program: oneOf(String.raw`
      modelo (?:de lenguaje|linguistico|de ia)|inteligencia artificial|(?:la|una|para|a la) ia\b|
      (?:al|para el|querido|estimado) (?:modelo|sistema|programa|lector|asistente|ordenador|robot)`),
    orders: oneOf(String.raw`
      ignor|olvid|omit|descart|no (?:sigas|siga|hagas|haga|inform|extra|incluy|menci|lea|report|devuelv)|
      salt|respond|devuelv|suprim|elimin|dej|cambi|reemplaz|sustituy|agreg|anad|copi|ocult`),
    about: oneOf(String.raw`
      instruccion|regla|orden|indicacion|directriz|campo|pagina|hoja|lista|respuesta|valor|anterior|
      previa|vaci`),
  },
  // Portuguese
  {
    program: oneOf(String.raw`
      modelo (?:de linguagem|linguistico)|(?:a|uma|para a|cara) ia\b|
      (?:ao|para o|caro|prezado) (?:modelo|sistema|programa|leitor|assistente|computador)`),
    orders: oneOf(String.raw`
      ignor|esquec|desconsider|omit|nao (?:siga|inform|extra|inclu|menci|leia|relat)`),
    about: oneOf(String.raw`
      instruc|regra|ordem|ordens|diretriz|campo|pagina|folha|lista|resposta|valor|anterior|acima|vazi`),
  },
  // Italian
  {
    program: oneOf(String.raw`
      modello (?:linguistico|di linguaggio)|intelligenza artificiale|(?:l'|all'|per l'|una )ia\b|
      (?:al|per il|caro) (?:modello|sistema|programma|lettore|computer)|all'assistente`),
    orders: oneOf(String.raw`
      ignor|dimentic|omett|trascur|non (?:seguire|tenere|riport|estrar|includ|menzion|legg)|salta|
      rispond|restitu|lasci|elimin|cambi|sostitu|aggiung|copi|nascond`),
    about: oneOf(String.raw`
      istruzion|regol|ordin|direttiv|camp|pagin|fogli|elenco|lista|rispost|valor|precedent|sopra|vuot`),
  },
  // Dutch
  {
    program: oneOf(String.raw`
      taalmodel|kunstmatige intelligentie|
      (?:aan|voor|beste) (?:het |de )?(?:model|systeem|programma|lezer|computer|assistent|ai)\b`),
    orders: oneOf(String.raw`
      negeer|vergeet|sla|laat|antwoord|geef|verwijder|vervang|wijzig|vermeld|verberg|kopieer`),
    about: oneOf(String.raw`
      instructie|opdracht|regel|aanwijzing|veld|pagina|blad|lijst|antwoord|waarde|eerdere|bovenstaand|
      leeg|lege`),
  },
  // Polish, Czech, Slovak
  {
    program: oneOf(String.raw`
      model(?:u|owi)? jezykow|sztuczn\w+ inteligencj|jazykov\w+ model|umel\w+ inteligenc|
      do (?:modelu|systemu|programu)`),
    orders: oneOf(String.raw`
      ignoruj|zignoruj|pomin|zapomnij|nie (?:podawaj|zwracaj|wypisuj)|odpowiedz|zwroc|usun|zmien|vynech|
      zapomen|odpovez|vrat`),
    about: oneOf(String.raw`
      instrukcj|polecen|zasad|regul`),
  },
  // Swedish, Danish, Norwegian
  {
    program: oneOf(String.raw`
      sprakmodell|sprogmodel|kunstig intelligens|artificiell intelligens|
      (?:till|til|kare|kaere|kjaere) (?:modellen|systemet|programmet|lasaren|ai)`),
    orders: oneOf(String.raw`
      ignorer|bortse|se bort|glom|glem|utelamna|utelat|udelad|hopp|svara|svar|lamna|returner`),
    about: oneOf(String.raw`
      instruktion|instruks|anvisning|regl|regel|falt|felt|sida|side|lista|liste|ovan|tidigare|tidligere|
      tom`),
  },
  // Turkish, Romanian, Hungarian, Finnish, Vietnamese, Indonesian
  {
    program: oneOf(String.raw`
      dil modeli|yapay zeka|model(?:ul)? lingvistic|model de limbaj|inteligent\w{0,12} artificial|
      nyelvi modell|mesterseges intelligencia|kielimalli|tekoaly|mo hinh ngon ngu|tri tue nhan tao|
      model bahasa|kecerdasan buatan`),
    orders: oneOf(String.raw`
      yoksay|yok say|gormezden|unut|atla|cevapla|ignora|uita|omite|raspunde|hagyd|felejtsd|ohita|jata|
      unohda|bo qua|quen|tra loi|abaikan|lupakan|jawab|kosongkan`),
    about: oneOf(String.raw`
      talimat|kural|alan|sayfa|liste|bos|instructiun|regul|camp|pagin|utasitas|szabaly|mezo|oldal|ures|
      ohje|saan|kent|sivu|tyhj|huomio|huong dan|chi dan|trang|trong|instruksi|perintah|aturan|bidang|
      halaman|kosong|daftar`),
  },
];

/** Signs in those languages: it addresses a program, or orders something about instructions, fields and pages. */
export const LATIN_SIGNS = LATIN.flatMap(({ program, orders, about }) => [
  sign(`(?<![a-z])${program}`),
  sign(`(?<![a-z])${orders}[a-z]*\\b[^.!?]{0,60}(?<![a-z])${about}`),
]);

/** Languages in other scripts: few bank papers hold them, and none speaks of models, orders or fields. */
export const OTHER_SCRIPTS = sign(
  oneOf(
    // Russian, Ukrainian, Bulgarian
    String.raw`
      игнорир|ігнору|не обраща|забудь|пропуст|инструкц|інструкц|указани|языков\p{L}{0,12} модел|
      мовн\p{L}{0,12} модел|модел[ьи]\b|нейросет|ассистент|искусственн\p{L}{0,12} интеллект|штучн\p{L}{0,12} інтелект|
      пуст\p{L}{0,12} (?:спис|ответ)|верн(?:и|ите) |ответь|не (?:извлек|указыва|выводи|сообща)|
      страниц\p{L}{0,12} ?№? ?\d|сторінк\p{L}{0,12} ?№? ?\d|лист\p{L}{0,12} ?№? ?\d|выгрузк|
      (?:предыдущ|следующ|друг|перв|втор|остальн|соседн)\p{L}{0,12} (?:лист|страниц|бланк)|
      (?:попередн|наступн|інш|перш|друг)\p{L}{0,12} (?:аркуш|сторінк)|(?:предишн|следващ|друг)\p{L}{0,12} страниц`,
    // Greek
    String.raw`
      αγνο[ηή]σ|οδηγ[ιί]|γλωσσικ|μοντ[εέ]λο|τεχνητ[ηή] νοημοσ|κεν[ηή] λ[ιί]στα|σελ[ιί]δα ?\d|
      (?:προηγο[υύ]μεν|επ[οό]μεν|[αά]λλ|πρ[ωώ]τ)\p{L}{0,12} σελ[ιί]δ`,
    // Chinese, Japanese, Korean
    String.raw`
      忽略|无视|無視|忽视|忽視|指令|指示|提示词|提示詞|模型|人工智[能慧]|助手|输出|輸出|字段|欄位|空(?:的)?列表|空白列表|不要|请勿|請勿|回答|返回|
      第 ?[\d一二三四五六七八九十] ?[页頁张張]|[上下前后後次首另] ?一?[页頁张張]|(?:其他|其它|另外|另一|相邻|前面|后面)的?(?:页|頁|页面|张)|命令|モデル|人工知能|
      出力|フィールド|空の|アシスタント|答え|ページ ?\d|\d+ ?ページ|抽出|[前次他別](?:の|のすべての)?(?:ページ|頁|用紙)|転記|무시|지시|명령|모델|인공 ?지능|출력|
      필드|빈 ?(?:목록|리스트|배열)|어시스턴트|답변|응답|추출|\d+ ?(?:페이지|쪽)|페이지 ?\d|
      (?:이전|다음|다른|앞|뒤|첫|나머지) ?(?:번째 ?)?(?:페이지|쪽|장)`,
    // Arabic, Persian, Hebrew
    String.raw`
      تجاهل|تعليمات|التعليمات|نموذج|الذكاء الاصطناعي|المساعد|قائمة فارغة|صفحة|الورقة|ورقة|لصفح|نادیده|
      دستورالعمل|مدل زبانی|هوش مصنوعی|התעלם|בדף|הדף|עמוד ה|צ?עמוד \d|הוראות|מודל|בינה מלאכותית|רשימה ריקה`,
    // Hindi, Bengali, Thai
    String.raw`
      अनदेखा|नज़रअंदाज़|नजरअंदाज|निर्देश|मॉडल|कृत्रिम बुद्धि|पृष्ठ|पन्न|खाली सूची|उपेक्षा|নির্দেশ|
      উপেক্ষা|মডেল|ละเว้น|หน้า(?:แรก|ก่อน|ถัด|นี้|ที่|อื่น)|เพิกเฉย|คำสั่ง|โมเดล|แบบจำลอง`,
  ),
);
