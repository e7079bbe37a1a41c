import { test } from '@jest/globals';
import { shutdownRounds } from '../shutdown-rounds.js';

test('twenty times a host ends by its own handler of SIGTERM, and no answer is lost', () =>
  shutdownRounds(20));
