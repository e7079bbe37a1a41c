import { Frame } from '../parts/frame.js';

export function UploadPage() {
  return <Frame title="Documents">{null}</Frame>;
}
