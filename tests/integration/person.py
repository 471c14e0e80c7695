"""A person with a web browser, by plain HTTP requests: logs in at an authorization server and consents to what is
asked."""
import html.parser
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request

STEPS_MAX = 20


class Form(html.parser.HTMLParser):
    """The one form of a page: where it goes and what its fields hold."""

    def __init__(self, page):
        super().__init__()
        self.action, self.fields = None, {}
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.action = attributes["action"]
        elif tag == "input":
            self.fields[attributes["name"]] = attributes.get("value") or ""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Person:
    """Has one login name and one browser, whose cookies stay."""

    def __init__(self, login="alice"):
        self.login = login
        self.browser = urllib.request.build_opener(
            NoRedirect, urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def visit(self, url, form=None):
        body = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with self.browser.open(urllib.request.Request(url, body), timeout=20) as answer:
                return None, answer.read().decode()
        except urllib.error.HTTPError as answer:
            where = answer.headers.get("Location")
            if answer.code not in (302, 303) or not where:
                raise AssertionError(f"{url} answered {answer.code}: {answer.read().decode()[:2000]}") from None
            return urllib.parse.urljoin(url, where), None

    def consent(self, url):
        """Goes to `url` and agrees to everything; the address outside of that server where it ends up."""
        server = urllib.parse.urlsplit(url).netloc
        form = None
        for _ in range(STEPS_MAX):
            where, page = self.visit(url, form)
            form = None
            if where is None:
                asked = Form(page)
                url, form = urllib.parse.urljoin(url, asked.action), asked.fields
                if "login" in form:
                    form.update(login=self.login, password="any will do")
            elif urllib.parse.urlsplit(where).netloc != server:
                return where
            else:
                url = where
        raise AssertionError(f"no way out of {server} within {STEPS_MAX} steps")
