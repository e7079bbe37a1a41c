import { testKeptBy } from '../kept-versions.js';

/** The versions before the one that `npm test` tries. */

testKeptBy('store-0.1.0');
