import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** A page that sets the focus itself does so when it is drawn, which is before that. */
const OTHERS_FIRST_MS = 100;

/**
 * Keeps the focus in place when what has it goes away, by its own act or because a reading has ended. The first
 * `data-takes-focus` of the item, section or page around it has it then.
 */
export function useKeptFocus(page: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const root = page.current;
    if (!root) return undefined;
    let last: Element | undefined;
    let around: readonly Element[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onFocus = ({ target }: FocusEvent) => {
      if (!(target instanceof Element)) return;
      last = target;
      around = placesOf(target);
    };
    const rescue = () => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      last = undefined;
      for (const place of around) {
        const next = place.isConnected && place.querySelector<HTMLElement>('[data-takes-focus]');
        if (next) return next.focus({ preventScroll: true });
      }
    };
    const observer = new MutationObserver(() => {
      if (!last || last.isConnected) return;
      clearTimeout(timer);
      timer = setTimeout(rescue, OTHERS_FIRST_MS);
    });
    root.addEventListener('focusin', onFocus);
    observer.observe(root, { childList: true, subtree: true });
    return () => {
      root.removeEventListener('focusin', onFocus);
      observer.disconnect();
      clearTimeout(timer);
    };
  }, [page]);
}

/** From within outwards. */
function placesOf(element: Element): Element[] {
  const place = element.parentElement?.closest('li, section, main');
  return place ? [place, ...placesOf(place)] : [];
}
