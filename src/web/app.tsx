import { render } from 'preact';
import { ComparePage } from './compare/page.js';
import { OperationsPage } from './operations/page.js';
import { Frame } from './parts/frame.js';
import { goTo, placeOf, ROOT, useAddress } from './place.js';
import { PrintPage } from './record/print-page.js';
import { RecordPage } from './record/page.js';
import { reportErrors } from './report-errors.js';
import { ReviewPage } from './review/page.js';
import './style.css';
import { UploadPage } from './upload/page.js';

function App() {
  const place = placeOf(useAddress());
  switch (place.page) {
    case 'upload':
      return <UploadPage />;
    case 'operations':
      return <OperationsPage />;
    case 'record':
      return <RecordPage key={place.id} id={place.id} />;
    case 'review':
      return <ReviewPage key={place.id} id={place.id} />;
    case 'compare':
      return <ComparePage key={place.id} id={place.id} />;
    case 'print':
      return <PrintPage key={place.id} id={place.id} />;
    case 'unknown':
      return (
        <Frame title="There is no such page">
          <p>
            The address leads nowhere. <a href={ROOT.href}>Go to the documents.</a>
          </p>
        </Frame>
      );
  }
}

/** Links between these pages lead there without loading them anew. */
function followLinks(event: MouseEvent): void {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target || link.hasAttribute('download')) return;
  const address = new URL(link.href);
  // One to a place on the page shown is the browser's.
  if (address.origin !== location.origin || (address.hash && address.pathname === location.pathname)) return;
  if (placeOf(address).page === 'unknown') return;
  event.preventDefault();
  goTo(address.href);
}

reportErrors();
document.addEventListener('click', followLinks);
const container = document.getElementById('app');
if (container) render(<App />, container);
