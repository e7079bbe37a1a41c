/** What a request to upload was answered, where it was not taken. */
export interface Answered {
  /** 0 for no answer. */
  status: number;
  /** What the server says of it. */
  message: string | undefined;
  /** Seconds until it may be tried again. */
  retryAfterS: number | undefined;
}

/** Why a file was not taken, in a sentence that says what to do. */
export interface Refusal {
  says: string;
  /** Whether the same file may be taken another time. */
  isWorthAnother: boolean;
  /** Seconds until the page tries again by itself. */
  afterS?: number;
}

export const EMPTY: Refusal = {
  says: 'The file is empty. Save the document again, then upload it.',
  isWorthAnother: false,
};

/** Who takes less than Quire does not say how much. */
const BEYOND_PROXY: Refusal = {
  says: 'The file is larger than the server lets through before it comes to Quire. Split the PDF or make it smaller, then upload that, or tell whoever runs it.',
  isWorthAnother: false,
};

export function tooLarge(maxMegabytes: number | undefined): Refusal {
  const most = maxMegabytes === undefined ? 'larger than is taken' : `larger than ${maxMegabytes} MB`;
  return {
    says: `The file is ${most}. Split the PDF or make it smaller, then upload that.`,
    isWorthAnother: false,
  };
}

export function refusalOf(
  { status, message, retryAfterS }: Answered,
  maxMegabytes: number | undefined,
): Refusal {
  const said = sentence(message);
  switch (status) {
    case 0:
      return again('The server could not be reached, or the connection broke. Check it, then try again.');
    case 400:
      return {
        says: `${said || 'The file is not a PDF.'} Save or print the document as a PDF, then upload that.`,
        isWorthAnother: false,
      };
    case 401:
      return again('It is not known who you are. Sign in again, in another tab if you like, then try again.');
    case 403:
      if (message === undefined)
        return again('The app does not let this file through (403). Tell whoever runs it.');
      return again(
        'Uploads are taken from the app’s own pages alone. Open this page by the app’s usual address, then try again.',
      );
    case 408:
      return again('The file came too slowly, so the upload was ended. Try again on a faster connection.');
    case 413:
      if (message === undefined) return BEYOND_PROXY;
      return tooLarge(maxMegabytes);
    case 429:
    case 503:
      if (retryAfterS === undefined) return again(`${said || 'The server is busy.'} Try again in a while.`);
      return { says: said || 'The server is busy.', isWorthAnother: true, afterS: retryAfterS };
    default:
      return again(
        `The server answered with an error (${status}). Try again; if that does not help, tell whoever runs it.`,
      );
  }
}

function again(says: string): Refusal {
  return { says, isWorthAnother: true };
}

function sentence(message: string | undefined): string {
  return message === undefined ? '' : message.replace(/\.?$/, '.');
}
