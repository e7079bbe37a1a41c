import { test } from '@jest/globals';
import { shutdownRounds } from '../shutdown-rounds.js';

// `test:all` does it twenty times.
test('a host ends by its own handler of SIGTERM, with nothing of Quire left and no answer lost', () =>
  shutdownRounds(2));
