import { Frame } from '../parts/frame.js';

export function OperationsPage() {
  return <Frame title="Operations">{null}</Frame>;
}
