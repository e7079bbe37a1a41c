import { newDataFolder } from './new-data-folder.js';

/** Where each test file keeps its documents. */
process.env.QUIRE_DATA_DIR = newDataFolder();
