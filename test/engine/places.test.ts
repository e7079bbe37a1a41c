import { describe, expect, test } from '@jest/globals';
import { Places, type PlacesSettings } from '../../src/engine/places.js';

/** How many documents are taken. */

function start(settings: PlacesSettings, owners: string[] = [], processes = 1) {
  return new Places(settings, () => Promise.resolve({ processes, owners }));
}

describe('a place', () => {
  test('for one more document of an owner is there below the bound, and for others all the same', async () => {
    const owners = ['A'];
    const places = start({ atOnce: 1, waiting: 4, ofOwner: 2 }, owners);
    const giveBack = await places.reserve('A');
    expect(await places.reserve('A')).toBe('owner_documents');
    expect([await places.reserve('B'), await places.reserve('B')]).toEqual([
      expect.any(Function),
      expect.any(Function),
    ]);
    expect(await places.reserve('B')).toBe('owner_documents');
    expect(await places.reserve('C')).toEqual(expect.any(Function));
    expect(await places.reserve('D')).toBe('full');
    if (typeof giveBack === 'function') giveBack();
    if (typeof giveBack === 'function') giveBack();
    expect(await places.reserve('A')).toEqual(expect.any(Function));
    expect(await places.reserve('A')).toBe('full');
    owners.pop();
    expect(await places.room()).toBe(1);
    expect(await places.reserve('A')).toEqual(expect.any(Function));
  });

  test('is there for as many documents as all processes together may have', async () => {
    const owners = Array.from({ length: 5 }, (_, index) => `owner ${index}`);
    expect(await start({ atOnce: 1, waiting: 1, ofOwner: 9 }, owners, 2).reserve('A')).toBe('full');
    expect(await start({ atOnce: 1, waiting: 1, ofOwner: 9 }, owners, 3).room()).toBe(1);
  });
});
