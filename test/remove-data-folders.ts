export { tearDown as default } from './data-folders.js';
