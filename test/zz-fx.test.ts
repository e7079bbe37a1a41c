import { test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { makePdf, lines, scanOf, rawPdf, textBomb } from './pdf-fixtures.js';
test('x', async () => {
  const w = (n: string, b: Buffer) => writeFileSync('/tmp/pt/' + n + '.pdf', b);
  w('plain', await makePdf([{ texts: lines('Account Number: 12345678', 'Name: Jane Doe') }]));
  w(
    'rot90',
    await makePdf([
      {
        rotate: 90,
        texts: [
          ...lines('Account Number: 12345678', 'Name: Jane Doe, the second line'),
          { text: '500.00', x: 400, y: 60, size: 12 },
        ],
      },
    ]),
  );
  w(
    'sideways',
    await makePdf([
      {
        rotate: 90,
        texts: [
          { text: 'First sideways line here', x: 100, y: 600, turned: -90 },
          { text: 'Second sideways line here', x: 120, y: 600, turned: -90 },
          { text: '9.99', x: 120, y: 300, turned: -90 },
        ],
      },
    ]),
  );
  w(
    'upside',
    await makePdf([
      {
        texts: [
          { text: 'First line down', x: 500, y: 600, turned: 180 },
          { text: 'Second line down', x: 500, y: 580, turned: 180 },
          { text: '7.77', x: 200, y: 580, turned: 180 },
        ],
      },
    ]),
  );
  w(
    'diag',
    await makePdf([
      {
        texts: [
          ...lines('Account Number: 12345678', 'Name: Jane Doe', 'Date 2020'),
          { text: 'SAMPLE WATERMARK', x: 50, y: 40, turned: 45, size: 40 },
        ],
      },
    ]),
  );
  w(
    'slight',
    await makePdf([
      {
        texts: [
          { text: 'left piece of the row', x: 60, y: 100, turned: 1 },
          { text: 'right', x: 400, y: 100 + 340 * Math.tan(Math.PI / 180), turned: 1 },
          { text: 'below left piece of the row', x: 60, y: 112, turned: 1 },
          { text: 'right', x: 400, y: 112 + 340 * Math.tan(Math.PI / 180), turned: 1 },
        ],
      },
    ]),
  );
  const s = await scanOf([
    ...lines('Account Number: 12345678', 'Name: Jane Doe', 'Opened 01/02/2020'),
    { text: 'Balance', x: 400, y: 84, size: 12 },
  ]);
  w('scan', await makePdf([{ scan: s }]));
  w(
    'bad',
    rawPdf([
      { content: 'BT /F1 12 Tf 50 700 Td (First page with enough text) Tj ET' },
      null,
      { content: 'BT /F1 12 Tf 50 700 Td (Third page with enough text) Tj ET' },
    ]),
  );
  w('bomb', textBomb(3_000_000));
  w('bomb2', textBomb(20_000_000));
  w(
    'huge',
    rawPdf([{ content: 'BT /F1 12000 Tf 50 70000 Td (Hello) Tj ET', mediaBox: [0, 0, 200000, 200000] }]),
  );
  w('none', rawPdf([]));
  w('enc', await makePdf([{ texts: lines('x') }], { userPassword: 'secret' }));
  w('owner', await makePdf([{ texts: lines('x readable for everyone yes') }], { ownerPassword: 'secret' }));
});
