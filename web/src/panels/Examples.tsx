import { useEffect, useState } from "react";
import { api, assetUrl, type Example } from "../api/client";
import { useText } from "../i18n";
import { useStudio } from "../state/store";
import { openExample } from "../state/work";

/** The shipped pictures; opening one also fills in its prompt. */
export function Examples() {
  const text = useText();
  const online = useStudio((studio) => studio.online);
  const [found, setFound] = useState<(Example & { asset: string })[]>([]);
  useEffect(() => {
    if (!online) return;
    void api
      .examples()
      .then((all) =>
        Promise.all(all.map(async (each) => ({ ...each, asset: (await api.openExample(each.name)).id }))),
      )
      .then(setFound)
      .catch(() => undefined); // the page already reports a lost connection
  }, [online]);
  return (
    <ul className="examples">
      {found.map((each, k) => (
        <li key={each.name}>
          <button type="button" onClick={() => void openExample(each.name, each.prompt)}>
            <img src={assetUrl(each.asset)} alt={text("example", { number: k + 1 })} />
          </button>
        </li>
      ))}
    </ul>
  );
}
