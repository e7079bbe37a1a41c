import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { z } from 'zod';

const trace = z.object({
  traceEvents: z.array(
    z.looseObject({
      name: z.string(),
      pid: z.number(),
      tid: z.number(),
      dur: z.number().default(0),
      tdur: z.number().optional(),
      args: z.looseObject({ name: z.string().optional() }).default({}),
    }),
  ),
});

/** A task of a tab's main thread, in milliseconds. */
export interface Task {
  ms: number;
  /** Of the processor: what it takes where nothing else runs. */
  cpuMs: number;
}

/**
 * Traces a tab while somebody works in it.
 *
 * @returns the tasks of its main thread
 */
export async function tasksDuring(browser: Browser, page: Page, work: () => Promise<void>): Promise<Task[]> {
  await browser.startTracing(page, {
    categories: ['toplevel', 'disabled-by-default-devtools.timeline', '__metadata'],
  });
  await work();
  const { traceEvents } = trace.parse(JSON.parse((await browser.stopTracing()).toString()));
  const thread = ({ pid, tid }: { pid: number; tid: number }) => `${pid} ${tid}`;
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(thread),
  );
  const tasks = traceEvents.filter((event) => event.name === 'RunTask' && main.has(thread(event)));
  if (tasks.length === 0) throw new Error('The trace has no tasks');
  return tasks.map(({ dur, tdur = dur }) => ({ ms: dur / 1_000, cpuMs: tdur / 1_000 }));
}

const processes = z.object({
  processInfo: z.array(z.looseObject({ type: z.string(), id: z.number() })),
});

/** Megabytes of the largest tab of a browser. */
export interface TabMemory {
  /** What is its alone, as Chromium's task manager shows it: anonymous pages, and those swapped out. */
  own: number;
  /** With the program itself, which tabs share. */
  resident: number;
  /** Objects of scripts, after garbage is collected. */
  scripts: number;
}

/** Collects its garbage first. */
export async function tabMemory(browser: Browser, page: Page): Promise<TabMemory> {
  const tab = await page.context().newCDPSession(page);
  await tab.send('HeapProfiler.collectGarbage');
  const { metrics } = await tab.send('Performance.enable').then(() => tab.send('Performance.getMetrics'));
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN;
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = processes.parse(await whole.send('SystemInfo.getProcessInfo'));
  const tabs = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => readFileSync(`/proc/${id}/status`, 'utf8'));
  const kilobytes = (status: string, name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? NaN);
  const largest = (...names: string[]) =>
    Math.max(
      ...tabs.map((status) => names.reduce((total, name) => total + kilobytes(status, name), 0) / 1_024),
    );
  return {
    own: largest('RssAnon', 'VmSwap'),
    resident: largest('VmRSS'),
    scripts: heap / 1_048_576,
  };
}
