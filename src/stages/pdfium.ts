import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The part of the WebAssembly API used here: without the DOM's typings Node's TypeScript does not know it. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

let compiled: Promise<object> | undefined;

/** pdfium, compiled once for all threads of the process: that is most of what a short document costs. */
export function compiledPdfium(): Promise<object> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<object> {
  const wasm = await readFile(createRequire(import.meta.url).resolve('@hyzyla/pdfium/pdfium.wasm'));
  return WebAssembly.compile(wasm);
}
