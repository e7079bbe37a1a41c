#!/usr/bin/env node

const USAGE = `Usage: quire [process|parity|tune|accuracy|golden] [OPTIONS] [FILES...]

quire          starts the server; PORT and HOST say where, by default http://127.0.0.1:3000/
quire process  reads files here, in the terminal
quire parity   compares batches with page by page on your documents
quire tune     finds the batch size and the number of workers for your documents
quire accuracy tells how often people corrected what was read
quire golden   makes a case for parity of a document that was reviewed

All read the settings in the environment. Each command tells its options: quire process --help.
`;

const [command, ...args] = process.argv.slice(2);

// Each is loaded only when it is asked for: the server takes a second, and help should not.
switch (command) {
  case undefined:
    await import('../server.js');
    break;
  case 'process': {
    const { processFiles } = await import('./process/command.js');
    process.exitCode = await processFiles(args);
    break;
  }
  case 'parity': {
    const { parity } = await import('../evaluation/parity/command.js');
    process.exitCode = await parity(args);
    break;
  }
  case 'tune': {
    const { tune } = await import('../evaluation/tune/command.js');
    process.exitCode = await tune(args);
    break;
  }
  case 'accuracy': {
    const { accuracy } = await import('../evaluation/accuracy/command.js');
    process.exitCode = await accuracy(args);
    break;
  }
  case 'golden': {
    const { golden } = await import('../evaluation/golden/command.js');
    process.exitCode = await golden(args);
    break;
  }
  case '--help':
  case '-h':
    process.stdout.write(USAGE);
    break;
  default:
    process.stderr.write(`There is no command ${JSON.stringify(command)}. Try quire --help.\n`);
    process.exitCode = 2;
}
