import { z } from 'zod';

const schemaFormat = z.looseObject({
  json_schema: z.looseObject({
    schema: z.looseObject({
      properties: z.looseObject({
        page_1: z.looseObject({
          properties: z.looseObject({
            fields: z.looseObject({ items: z.looseObject({ type: z.enum(['object', 'string']) }) }),
          }),
        }),
      }),
    }),
  }),
});

/** Whether a `response_format` with a schema asks for each field as one text, `name|value|confidence`. */
export function asksForLines(responseFormat: unknown): boolean {
  const { page_1: page } = schemaFormat.parse(responseFormat).json_schema.schema.properties;
  return page.properties.fields.items.type === 'string';
}
