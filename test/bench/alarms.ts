import type { OwnDisagreement } from '../../src/comparison/own-disagreement.js';
import type { EDetector } from '../../src/e-detector.js';
import { seeded } from '../random.js';
import { built } from './built.js';
import { atMost } from './figures.js';
import { WindowRule } from './window-rule.js';

const LIMIT = 0.01;
const FALSE_ALARM_DOCUMENTS = 20_000;
const DAYS = 1_000;
/** 360 an hour, of ten pages in batches of two; the window reached back ten minutes. */
const DOCUMENTS_A_DAY = 8_640;
const CALLS = 5;
const DOCUMENTS_IN_WINDOW = 60;

/** The failure rates in question, and after how many documents each is to be found. */
const FOUND_AFTER = [
  [1, 4],
  [0.2, 22],
  [0.05, 167],
  [0.02, 1_000],
] as const;
const RUNS = 400;

const FIELDS = 50;
const FALSE_AGREEMENT_DOCUMENTS = 1_000;
/** What batches change, with what noise, and after how many documents that is to be found. */
const CHANGED = [
  [0.5, 0, 15],
  [0.05, 0, 40],
  [0.05, 0.02, 60],
  [0.02, 0, 100],
] as const;

/** The automatic rollback, simulated: how often it trips for nothing, and how soon for something. */
export async function alarms(): Promise<void> {
  const detectors = await built<{ EDetector: typeof EDetector }>('e-detector.js');
  const newRules = (calls: number) => {
    const detector = new detectors.EDetector(LIMIT);
    const window = new WindowRule(LIMIT, DOCUMENTS_IN_WINDOW);
    return [
      {
        add: (failed: number) => {
          detector.add(failed / calls);
          return detector.evidence >= FALSE_ALARM_DOCUMENTS;
        },
        reset: () => detector.reset(),
      },
      { add: (failed: number) => window.add(failed, calls), reset: () => window.reset() },
    ] as const;
  };

  process.stdout.write(`${DAYS} days of ${DOCUMENTS_A_DAY} documents of ${CALLS} calls\n`);
  const promised = (DAYS * DOCUMENTS_A_DAY) / FALSE_ALARM_DOCUMENTS;
  for (const times of [0.5, 0.8, 1]) {
    const random = seeded(times * 1_000);
    const rules = newRules(CALLS);
    const found = rules.map((rule) => ({ rule, alarms: 0, days: 0 }));
    for (let day = 0; day < DAYS; day++) {
      const before = found.map((each) => each.alarms);
      for (let document = 0; document < DOCUMENTS_A_DAY; document++) {
        let failed = 0;
        for (let call = 0; call < CALLS; call++) if (random() < times * LIMIT) failed++;
        for (const each of found) {
          if (!each.rule.add(failed)) continue;
          each.alarms++;
          each.rule.reset();
        }
      }
      found.forEach((each, index) => {
        if (each.alarms > (before[index] ?? 0)) each.days++;
      });
    }
    const [detector, window] = found;
    const shareOfDays = ((100 * (window?.days ?? 0)) / DAYS).toFixed(1);
    process.stdout.write(
      `at ${times} of the limit: ${detector?.alarms} alarms; by the window ${window?.alarms}, on ${shareOfDays} % of days\n`,
    );
    atMost(promised, `false alarms at ${times} of the limit`, detector?.alarms ?? NaN);
  }

  process.stdout.write(`\ndocuments of one call until an alarm, in the mean of ${RUNS} runs\n`);
  for (const [rate, documents] of FOUND_AFTER) {
    const [detector = NaN, window = NaN] = [0, 1].map((which) => {
      let sum = 0;
      for (let seed = 1; seed <= RUNS; seed++) {
        const random = seeded(seed);
        const rule = newRules(1)[which];
        do sum++;
        while (rule && !rule.add(random() < rate ? 1 : 0) && sum < 1e8);
      }
      return sum / RUNS;
    });
    process.stdout.write(`at ${100 * rate} %: ${detector.toFixed(0)}; by the window ${window.toFixed(0)}\n`);
    atMost(2 * documents, `documents at ${100 * rate} %`, detector);
  }

  const { OwnDisagreement: Own } = await built<{ OwnDisagreement: typeof OwnDisagreement }>(
    'comparison/own-disagreement.js',
  );
  process.stdout.write(`\ndocuments of ${FIELDS} fields read three times until an alarm, in the mean\n`);
  for (const [own, noise, most] of CHANGED) {
    let sum = 0;
    for (let seed = 1; seed <= RUNS; seed++) {
      const random = seeded(seed);
      const differing = (rate: number) => {
        let fields = 0;
        for (let field = 0; field < FIELDS; field++) if (random() < rate) fields++;
        return fields / FIELDS;
      };
      const agreement = new Own(LIMIT, FALSE_AGREEMENT_DOCUMENTS);
      while (!agreement.isOverTolerated) {
        agreement.add({ candidate: differing(1 - (1 - noise) * (1 - own)), noise: differing(noise) });
      }
      sum += agreement.documents;
    }
    atMost(most, `where ${100 * own} % are changed, with noise of ${100 * noise} %`, sum / RUNS);
  }
}
