/** A word that is drawn on a page. */
export interface WordOnPage {
  text: string;
  /** Left, top, right and bottom as fractions of the page as it is shown, from its top left. */
  box: [left: number, top: number, right: number, bottom: number];
}

/** The answer of `GET api/document/:id/page/:number/words`, in the order in which a page is read. */
export interface PageWordsAnswer {
  success: true;
  /** None where they are not kept. */
  words: WordOnPage[];
}
