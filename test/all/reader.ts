import { Program } from '../program.js';

/** What a command that goes on until it is ended says once it has begun. */
const STARTS: readonly (readonly [command: RegExp, says: RegExp])[] = [
  [/(?:npx quire|npm start|npm run dev|npm run demo)$/, /(http:\/\/127\.0\.0\.1:\d+)\//],
  [/npm run unleash$/, /UNLEASH_API_TOKEN=\S+ npm start/],
  [/npm run soak/, /round 1 begins/],
  [/npm run bench/, /^# \w+$/m],
  [/npm run screenshots/, /^documents-light\.png/m],
  [/tsc .*--watch$/, /Found 0 errors/],
  [/--watchAll/, /Tests: .* passed/],
  [/--inspect-brk/, /Debugger listening/],
];

/** Somebody who types what a page says, line by line. */
export class Reader {
  /** Where the server is that was started last. */
  base = '';
  #server: Program | undefined;
  /** What was typed before that later lines build on. */
  #before = '';
  readonly #folder: string;
  readonly #known: Readonly<Record<string, string>>;
  readonly #variables: Readonly<Record<string, string>>;

  /**
   * @param known what pages leave to the reader, as they write it, and what it is here
   * @param variables of the environment
   */
  constructor(
    folder: string,
    known: Readonly<Record<string, string>> = {},
    variables: Readonly<Record<string, string>> = {},
  ) {
    this.#folder = folder;
    this.#known = known;
    this.#variables = variables;
  }

  /**
   * Types a command and waits until it has ended, or, where it goes on, until it has begun. What went on before is
   * then ended.
   *
   * @returns what it wrote
   * @throws when it fails
   */
  async types(command: string): Promise<string> {
    const known = Object.entries({ ...this.#known, 'http://127.0.0.1:3000': this.base });
    const typed = known.reduce((text, [from, to]) => text.replaceAll(from, to), command);
    if (/^(?:export|cd) /.test(command)) {
      this.#before += `${typed}\n`;
      return '';
    }
    const says = STARTS.find(([pattern]) => pattern.test(command))?.[1];
    if (says) await this.leaves();
    const program = new Program(`set -e\n${this.#before}${typed}`, {
      folder: this.#folder,
      variables: this.#variables,
    });
    if (says) {
      this.#server = program;
      const said = await program.says(says);
      if (said.startsWith('http:')) this.base = said;
    } else if ((await program.ended()) !== 0) {
      throw new Error(`"${command}" failed:\n${program.output}`);
    }
    return program.output;
  }

  /** Ends what goes on. */
  async leaves(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
  }
}
