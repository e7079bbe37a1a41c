import { makePdf } from './pdf-fixtures.js';

const ACCOUNTS = 10;

/** A PDF of text pages, with as many labelled values on each, every one another field; of ten accounts. */
export function largePackage({
  pages,
  fieldsAPage,
}: {
  pages: number;
  fieldsAPage: number;
}): Promise<Buffer> {
  return makePdf(
    Array.from({ length: pages }, (_, page) => {
      const account = Math.floor((page * ACCOUNTS) / pages);
      const texts = [
        `ACCOUNT NUMBER: ${4_410_000_000 + account * 1_117}`,
        ...Array.from(
          { length: fieldsAPage },
          (_, index) => `Item ${page + 1}-${index + 1}: value ${(page * 7_919 + index * 104_729) % 99_991}`,
        ),
      ];
      return { texts: texts.map((text, row) => ({ text, x: 60, y: 60 + row * 40, size: 11 })) };
    }),
  );
}
