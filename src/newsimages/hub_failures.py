"""What the Hugging Face hub answers instead of a file, or why nothing comes, in a sentence each."""

import socket
import ssl

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from newsimages.errors import causes

PASSING = (408, 429, 500, 502, 503, 504)
"""Answers after which the next request may do better."""


def may_pass(error: Exception) -> bool:
    """Whether the next try may do better."""
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in PASSING
    final = (socket.gaierror, ConnectionRefusedError, ssl.SSLError)
    return not any(isinstance(each, final) for each in causes(error))


def is_absent(error: Exception) -> bool:
    """Whether the hub says that a repository lacks the file, or says no more than 404."""
    is_404 = isinstance(error, HfHubHTTPError) and error.response.status_code == 404
    return is_404 and not isinstance(error, RepositoryNotFoundError)


def sentence_of(error: Exception, repository: str) -> str:
    """Why the hub gives nothing, and what to do about it."""
    hub = constants.ENDPOINT
    if isinstance(error, HfHubHTTPError):
        return _of_status(error.response.status_code, hub, repository)
    sources = list(causes(error))
    if isinstance(error, httpx2.TimeoutException):
        limit = max(constants.HF_HUB_ETAG_TIMEOUT, constants.HF_HUB_DOWNLOAD_TIMEOUT)
        return (
            f"{hub} sent nothing for {limit} s, several times. Try again later; where the "
            "connection is slow, set HF_HUB_ETAG_TIMEOUT and HF_HUB_DOWNLOAD_TIMEOUT to more "
            "seconds."
        )
    if any(isinstance(each, socket.gaierror) for each in sources):
        return (
            f"the name of {hub} cannot be resolved (DNS). See that this machine is connected, and "
            "that HF_ENDPOINT, if set, is right."
        )
    if any(isinstance(each, ConnectionRefusedError) for each in sources):
        return (
            f"{hub} refuses the connection: nothing listens there. See that HF_ENDPOINT and the "
            "proxy (HTTPS_PROXY), if set, are right."
        )
    if any(isinstance(each, ssl.SSLError) for each in sources):
        return (
            f"the certificate of {hub} is not trusted: {sources[-1]}. Set SSL_CERT_FILE to your "
            "proxy's certificates."
        )
    return (
        f"the connection to {hub} broke ({type(error).__name__}: {str(error).rstrip('. ')}). See "
        "to the network and the proxy (HTTPS_PROXY), and start again."
    )


def _of_status(status: int, hub: str, repository: str) -> str:
    if status == httpx2.codes.UNAUTHORIZED:
        return (
            f"{hub} wants to know who asks (401): {repository} is private or gated, or there is "
            "no such repository, or the token is wrong. Correct the name, or log in (`hf auth "
            "login`, or HF_TOKEN)."
        )
    if status == httpx2.codes.FORBIDDEN:
        return (
            f"{hub} forbids it (403): the account has no access to {repository}. Ask for it at "
            f"{hub}/{repository}, and use a token that may read it (HF_TOKEN)."
        )
    if status == httpx2.codes.NOT_FOUND:
        return f"{hub} has no repository {repository} (404). Correct the name."
    if status == httpx2.codes.TOO_MANY_REQUESTS:
        return (
            f"{hub} has had too many requests from here (429). Wait some minutes; with a token "
            "(HF_TOKEN) more are allowed."
        )
    if status >= 500:
        return f"{hub} is out of order ({status}). Try again later."
    return f"{hub} answers {status}. See that HF_ENDPOINT and the proxy, if set, are right."
