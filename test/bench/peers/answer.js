import { z } from 'zod';

const schemas = new Map();

/** The form of an answer about so many pages, as Quire asks for it with answers as objects. */
export function answerSchema(pages) {
  const schema = schemas.get(pages) ?? z.strictObject(Object.fromEntries(pageSchemas(pages)));
  schemas.set(pages, schema);
  return schema;
}

function pageSchemas(pages) {
  return Array.from({ length: pages }, (_, index) => [
    `page_${index + 1}`,
    z.strictObject({
      page_number: z.int(),
      fields: z.array(z.strictObject({ name: z.string(), value: z.string(), confidence: z.int() })),
    }),
  ]);
}
