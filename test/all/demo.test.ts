import { expect, test } from '@jest/globals';
import { Program } from '../program.js';
import { ROOT } from './package.js';

test('the demo shows the sample, read, to whoever opens it', async () => {
  const demo = new Program('exec node test/demo.js', {
    folder: ROOT,
    // It asks no service, whatever the machine is set up for.
    variables: { PORT: '0', OPENAI_API_KEY: 'k', OPENAI_MODEL: 'test-model' },
  });
  try {
    const page = await demo.says(/in it: (\S+)\n/);
    expect((await fetch(page)).status).toBe(200);
    const answered = await fetch(page.replace('/document/', '/api/document/'));
    const { document } = (await answered.json()) as { document: { documents: { accounts: unknown[] }[] } };
    expect(document.documents[0]?.accounts).toHaveLength(3);
    const list = await fetch(new URL('/api/documents', page));
    expect(await list.json()).toMatchObject({ total: 1 });
  } finally {
    expect(await demo.stop('SIGINT')).toBe(0);
  }
});
