#!/usr/bin/env node

import { faultOf } from '../evaluation/faults.js';
import { writeError } from '../evaluation/report/terminal.js';
import { codeOf } from '../evaluation/trial-error.js';

const USAGE = `Usage: quire [process|parity|tune|accuracy|golden] [OPTIONS] [FILES...]

quire            starts the server; PORT and HOST say where, by default http://127.0.0.1:3000/
quire process    reads files here, in the terminal
quire parity     compares batches with page by page on your documents
quire tune       finds the batch size and the number of workers for your documents
quire accuracy   tells how often people corrected what was read
quire golden     makes a case for parity of a document that was reviewed
quire --version  prints the version

All read the settings in the environment. Each command tells its options: quire process --help.
`;

// Each is loaded only when it is asked for: the server takes a second, and help should not.
const COMMANDS = {
  process: async () => (await import('./process/command.js')).processFiles,
  parity: async () => (await import('../evaluation/parity/command.js')).parity,
  tune: async () => (await import('../evaluation/tune/command.js')).tune,
  accuracy: async () => (await import('../evaluation/accuracy/command.js')).accuracy,
  golden: async () => (await import('../evaluation/golden/command.js')).golden,
};
const OTHERS = ['--help', '--version'];

const FAILED = 1;
const USAGE_ERROR = 2;

const [command, ...args] = process.argv.slice(2);

if (command === undefined) await import('../server.js');
else process.exitCode = await statusOf(command);

async function statusOf(command: string): Promise<number> {
  process.stdout.on('error', (error) => {
    // Whoever has gone, as `head` does, knows that there is more.
    if (codeOf(error) === 'EPIPE' || process.exitCode === FAILED) return;
    process.exitCode = FAILED;
    writeError(`The output cannot be written: ${faultOf(error)}`);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => undefined);
  const status = await run(command);
  return status === 0 && process.exitCode === FAILED ? FAILED : status;
}

/** @returns the exit status */
async function run(command: string): Promise<number> {
  if (command === '--help' || command === '-h') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (command === '--version') {
    const { packageVersion } = await import('../options.js');
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (isCommand(command)) return (await COMMANDS[command]())(args);
  const { closeTo } = await import('../settings.js');
  const [meant] = closeTo(command, [...Object.keys(COMMANDS), ...OTHERS]);
  const suggestion = meant === undefined ? '' : ` Did you mean quire ${meant}?`;
  const what = command.startsWith('-') ? 'option' : 'command';
  writeError(`There is no ${what} ${JSON.stringify(command)}.${suggestion} Try quire --help.`);
  return USAGE_ERROR;
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}
